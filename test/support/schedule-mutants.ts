import type { Mutant } from './mutant.ts'

const seeds = [1, 2, 3, 4, 5, 6]
const timers = 'engine/component/operators/schedule/timers.ts'

/** Defects of timers. */
export const scheduleMutants: readonly Mutant[] = [
  {
    name: 'a timer that was sent stays in the state',
    file: timers,
    changes: [
      [
        'this.#entries.delete(id, lineage, row)\n          this.#entries.delete(sentId',
        'void [lineage, row]\n          this.#entries.delete(sentId',
      ],
    ],
    run: 'timers, exactly once',
    seeds,
    noticed: /was sent twice/,
  },
  {
    name: 'a timer that is over is changed by a record all the same',
    file: timers,
    changes: [['const left = timesUpTo(timer, upTo)', 'const left = timesUpTo(timer, 0 * upTo)']],
    run: 'timers, left alone',
    seeds,
    noticed: /neither set nor sent|was not sent/,
  },
  {
    name: 'a record that takes a timer away takes with it what it was due before',
    file: timers,
    changes: [['      if (left > 0) this.#entries.put', '      if (left < 0) this.#entries.put']],
    run: 'repeated timers, left alone',
    seeds,
    noticed: /neither set nor sent|was not sent/,
  },
  {
    name: 'how far time has come is not kept',
    file: timers,
    changes: [['    this.#entries.put(TIME, moved, lineage, row)\n', '']],
    run: 'timers, crashes',
    seeds,
    noticed: /was not sent|neither set nor sent|should not be/,
  },
  {
    name: 'the clock counts before everything has been read',
    file: 'engine/runtime/owed.ts',
    changes: [['now - quietSince))', 'Math.max(0, now - quietSince)))']],
    run: 'timers by the clock, long pauses',
    seeds,
    noticed: /had been taken away/,
  },
]
