import type { Mutant } from './mutant.ts'

const seeds = [1, 2, 3, 4, 5, 6]

/** Defects of sequences. */
export const sequenceMutants: readonly Mutant[] = [
  {
    name: 'the next number of a key is not kept with the acknowledgement',
    file: 'engine/component/operators/resequence/sequences.ts',
    changes: [
      [
        '        this.#advance(key, held, number + 1, lineage, row)\n',
        '        if (held.waiting > 0) this.#candidates.add(key)\n',
      ],
    ],
    run: 'a sequence, crashes',
    seeds,
    noticed: /neither held nor sent/,
  },
  {
    name: 'what follows in the sequence is sent although a sink refused the one before it',
    file: 'engine/runtime/task.ts',
    changes: [['return lineage.refuses(batch.keyText(i))', 'return false']],
    run: 'a sequence, refused records',
    seeds,
    noticed: /sent .* after|neither sent nor told/,
  },
  {
    name: 'a number that came and is not committed is told as a gap',
    file: 'engine/component/operators/resequence/sequences.ts',
    changes: [['Math.min(number, held.lowestTaken)', 'number']],
    run: 'gaps, slow commits',
    seeds,
    noticed: /is there twice|was sent, and was late|neither held nor sent|is nowhere/,
  },
  {
    name: 'a record that was taken in and parked is taken in again when it is released',
    file: 'engine/component/operators/taking-in.ts',
    changes: [['if (this.#applied.has(lineage, row))', 'if (Number(row) < 0)']],
    run: 'gaps, exactly once, letters',
    seeds,
    noticed: /was sent, and was late|sent twice/,
  },
  {
    name: 'several runs of a key are under way at once',
    file: 'engine/component/operators/resequence/sequences.ts',
    changes: [['held.stuck || held.gapUnderWay || held.underWay > 0', 'held.stuck']],
    run: 'a sequence, refused records',
    seeds,
    noticed: /sent .* after|neither sent nor told/,
  },
  {
    name: 'where too much waits, no gap is given up',
    file: 'engine/component/operators/resequence/sequences.ts',
    changes: [['return this.#makeRoom() || some', 'return some']],
    run: 'little room, for ever',
    seeds: [1],
    noticed: /does not come to rest/,
  },
]
