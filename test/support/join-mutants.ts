import type { Mutant } from './mutant.ts'

const seeds = [1, 2, 3, 4, 5, 6]

/** Defects of joined tables and of merges. */
export const joinMutants: readonly Mutant[] = [
  {
    name: 'a stream begins before its tables are read',
    file: 'engine/runtime/task-opener.ts',
    changes: [['while (wanted() && !tables.every(', 'while (ends.length < 0 && !tables.every(']],
    run: 'left alone, joined',
    seeds,
    noticed: /was joined with/,
  },
  {
    name: 'committed rows are not there in the next life',
    file: 'engine/runtime/task-stores.ts',
    changes: [
      [
        'this.#stores.get(block.store)!.restore(block)',
        "if (block.store !== 'users') this.#stores.get(block.store)!.restore(block)",
      ],
    ],
    run: 'crashes, joined',
    seeds,
    noticed: /was joined with|table .* is .*, not /,
  },
  {
    name: 'a tombstone leaves the row as it is',
    file: 'engine/component/operators/table.ts',
    changes: [['rows.delete(key, lineage, batch.lineageRow(i))', 'void 0']],
    run: 'left alone, joined',
    seeds,
    noticed: /table .* is .*, not /,
  },
  {
    name: 'a row counts although an earlier one of its key is parked',
    file: 'engine/component/operators/table.ts',
    changes: [['if (scope.follow(batch, i)) return', 'if (Number(i) < 0) return']],
    run: 'rows parked, joined',
    seeds,
    noticed: /overtook a parked row/,
  },
  {
    name: 'a global table stays as it was when the worker began',
    file: 'engine/runtime/global-tables.ts',
    changes: [['for (const table of this.#tables) await table.readOn()', 'told = false']],
    run: 'global, joined',
    seeds,
    noticed: /in the end/,
  },
  {
    name: 'a global table is read after the first records have come',
    file: 'engine/runtime/global-table.ts',
    changes: [['    await table.readOn()\n', '']],
    run: 'global, joined',
    seeds,
    noticed: /was joined with/,
  },
  {
    name: 'a partition that has nothing is not waited for',
    file: 'engine/runtime/merger.ts',
    changes: [
      [
        'if (time === undefined) waits = Math.max(waits, lane.quietSince + this.#waitMs)',
        'if (time === undefined) continue',
      ],
    ],
    run: 'left alone, merged',
    seeds,
    noticed: /came behind/,
  },
  {
    name: 'what waits for other partitions is committed',
    file: 'engine/runtime/task-input.ts',
    changes: [
      [
        'if (lane !== undefined) return this.#inTurn(',
        'if (lane !== undefined) this.ledger.pass(records.offsets.at(-1)! + 1)\n    if (lane !== undefined) return this.#inTurn(',
      ],
    ],
    run: 'crashes, merged',
    seeds,
    noticed: /never came out/,
  },
]
