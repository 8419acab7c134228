import type { Mutant } from './mutant.ts'

const seeds = [1, 2, 3, 4, 5, 6]
const timers = 'engine/component/operators/schedule/timers.ts'

/** Defects of timers. */
export const scheduleMutants: readonly Mutant[] = [
  {
    name: 'a timer that was sent stays in the state',
    file: timers,
    changes: [['else this.#entries.delete(id, lineage, row)', 'else void [lineage, row]']],
    run: 'timers, exactly once',
    seeds,
    noticed: /was sent twice/,
  },
  {
    name: 'a timer that is over is changed by a record all the same',
    file: timers,
    changes: [['timer !== undefined && this.#endOf(timer) > this.#time', 'timer !== undefined']],
    run: 'timers, left alone',
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
