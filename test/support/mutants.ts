import { joinMutants } from './join-mutants.ts'
import { letterMutants } from './letter-mutants.ts'
import type { Mutant } from './mutant.ts'
import { scheduleMutants } from './schedule-mutants.ts'
import { sequenceMutants } from './sequence-mutants.ts'

const seeds = [1, 2, 3, 4, 5, 6]

/** Every defect that the storms on the model cluster must notice. */
export const mutants: readonly Mutant[] = [
  {
    name: 'a record settles when the sink begins to write it, not with the acknowledgement',
    file: 'engine/runtime/sink-stage.ts',
    changes: [
      ["    reach('sink.writing')\n", "    reach('sink.writing')\n    settle(batch)\n"],
      ["for (const part of batch.parts) part.releaseAll('stored')", 'void 0'],
      ['      lineage.release(row)\n', ''],
      [
        'function tooLate',
        'function settle(batch: WriteBatch): void {\n  for (let n = 0; n < batch.length; n++) batch.batchOf(n).only(batch.indexOf(n)).releaseAll()\n}\n\nfunction tooLate',
      ],
    ],
    run: 'crashes, slow sinks',
    seeds,
    noticed: /has no effect|detached ArrayBuffer|after it had been settled/,
  },
  {
    name: 'a record settles when it is handed to the sink’s queue',
    file: 'engine/runtime/sink-stage.ts',
    changes: [
      [
        '    this.#executor.submit(batch)',
        "    batch.releaseAll('stored')\n    this.#executor.submit(batch)",
      ],
      ["for (const part of batch.parts) part.releaseAll('stored')", 'void 0'],
      ['      lineage.release(row)\n', ''],
    ],
    run: 'crashes, slow sinks',
    seeds,
    noticed: /has no effect|which is committed/,
  },
  {
    name: 'an id is durable as soon as it was seen',
    file: 'engine/state/id-store.ts',
    changes: [
      [
        '      if (!cut.has(claims.lineages[claim]!, claims.rows[claim]!)) {',
        '      if (Number(claims.count) < 0) {',
      ],
      [
        "      if (verdict === undefined) throw this.#defect('was asked to seal a record that is not settled')\n",
        '',
      ],
    ],
    run: 'crashes',
    seeds,
    noticed: /is durable too early/,
  },
  {
    name: 'an id is known without its position, so that a replay is a duplicate of itself',
    file: 'engine/state/id-store.ts',
    changes: [
      [
        'const same = isAt(words, at, offset) && (words[at + META]! & INPUT_MASK) === input',
        'const same = input < 0',
      ],
    ],
    run: 'letters and crashes',
    seeds,
    noticed: /committed but not known|has no effect/,
  },
  {
    name: 'a letter is sealed before the earlier records of its key are settled',
    file: 'engine/runtime/parking.ts',
    changes: [
      ['    return !this.#ledger.someOpenBelow(offset, (other) => other === key)', '    return offset >= 0'],
    ],
    run: 'letters, few keys',
    seeds,
    noticed: /stands behind/,
  },
  {
    name: 'the followers of a parked record are not held back',
    file: 'engine/runtime/parking.ts',
    changes: [
      [
        '    return blocked !== undefined && offset > blocked.from',
        '    return blocked !== undefined && offset < 0',
      ],
    ],
    run: 'letters',
    seeds,
    noticed: /came after/,
  },
  {
    name: 'tasks that were lost are committed on',
    file: 'engine/runtime/commit-cycle.ts',
    changes: [
      ['        this.#options.lost(lost)\n', ''],
      [
        '        return this.#without(cut, (task) => lost.includes(task) || task.cancelled)',
        '        return undefined',
      ],
    ],
    run: 'partitions taken',
    seeds,
    noticed: /sealed again/,
  },
  {
    name: 'an unknown outcome counts as committed',
    file: 'engine/runtime/commit-cycle.ts',
    changes: [
      [
        "      if (outcome.outcome === 'committed') {",
        "      if (outcome.outcome === 'committed' || outcome.outcome === 'unknown') {",
      ],
      ["      case 'unknown':\n        return cut", "      case 'unknown':\n        return undefined"],
    ],
    run: 'unknown outcomes',
    seeds,
    // Whoever restores waits for the commit that nobody asks about again.
    noticed: /was unknown|not known|come to rest/,
  },
  {
    name: 'an aborted commit counts as committed',
    file: 'engine/runtime/commit-cycle.ts',
    changes: [
      [
        "      case 'aborted':\n        return this.#without(cut, (task) => task.cancelled)",
        "      case 'aborted':\n        return undefined",
      ],
    ],
    run: 'unknown outcomes',
    seeds,
    noticed: /sealed again/,
  },
  {
    name: 'partitions are given up without a last commit',
    file: 'engine/runtime/session.ts',
    changes: [
      [
        '    await drain(tasks, drained)\n    await inTime(drained, () => this.#cycle!.run())\n',
        '    await drain(tasks, drained)\n',
      ],
    ],
    run: 'partitions asked back',
    seeds,
    noticed: /are there twice/,
  },
  {
    name: 'what was settled beyond the frontier is forgotten in the next life',
    file: 'engine/runtime/ledger.ts',
    changes: [['if (this.#restored.has(run.offset(row))) run.sealRestored(row)', '']],
    run: 'crashes',
    seeds,
    noticed: /which is committed/,
  },
  {
    name: 'a key is free while letters of it are on their way into the parked partition',
    file: 'engine/runtime/parking.ts',
    changes: [
      ['    if (blocked.open > 0 || blocked.pending > 0) return', '    if (blocked.open > 0) return'],
    ],
    run: 'letters, slow commits',
    seeds,
    noticed: /came after/,
  },
  {
    name: 'the memory of records is given back when they are sealed, not when they are committed',
    file: 'engine/runtime/ledger.ts',
    changes: [
      ['        this.#leaving.push(run)', '        run.committed()\n        this.#leaving.push(run)'],
    ],
    run: 'letters, slow commits',
    seeds,
    noticed: /./,
  },
  {
    name: 'what is owed counts as sent before a sink has it',
    file: 'engine/runtime/owed.ts',
    changes: [
      [
        '    debtor.emit(new RecordBatch',
        "    for (const due of dues) due.settle('stored', { isSealed: () => true } as never, 0)\n    debtor.emit(new RecordBatch",
      ],
      ['    run.dues[row]!.settle(verdict, run, row)\n', ''],
    ],
    run: 'closed windows, slow sinks',
    seeds,
    noticed: /is gone, and was not sent/,
  },
  {
    name: 'what is sent follows from state that is not committed',
    file: 'engine/component/operators/aggregate/aggregates.ts',
    changes: [
      [
        'const entry = this.#entries.committedValue(id) as Entry | undefined\n    if (entry === undefined) return undefined',
        'const entry = this.entry(id)\n    if (entry === undefined) return undefined',
      ],
    ],
    run: 'crashes, aggregated',
    seeds,
    noticed: /was sent before it was committed/,
  },
  {
    name: 'the window of a session is sent before it is noted',
    file: 'engine/component/operators/aggregate/session-updates.ts',
    changes: [
      ['if (noted === undefined && !known.some((one) => isOf(one, id, entry))) {', 'if (known.length < 0) {'],
      ['if (next !== undefined && !isSame(id, next, entry)) {', 'if (known.length < 0) {'],
    ],
    run: 'sessions as they grow, crashes',
    // It takes a crash right after the first window of a session was sent.
    seeds: Array.from({ length: 80 }, (_, n) => n + 51),
    noticed: /was sent, and never was/,
  },
  {
    name: 'that something was sent is a change of the record, not of what was sent',
    file: 'engine/component/operators/aggregate/aggregates.ts',
    changes: [
      [
        'this.#entries.put(id, entry, lineage, row)',
        'this.#entries.put(id, entry, lineage, row)\n      slots.set(id, [lineage, row])',
      ],
      [
        'sent!.put(id, version, lineage, row)',
        'sent!.put(id, version, ...(slots.get(id) ?? [lineage, row]))',
      ],
      ["const TIME = '@time'", "const slots = new Map<string, [Lineage, number]>()\nconst TIME = '@time'"],
    ],
    run: 'exactly once, slow branches',
    seeds,
    noticed: /was sent twice/,
  },
  {
    name: 'that something was sent is noted a commit later',
    file: 'engine/runtime/task.ts',
    changes: [
      ['    this.#owed.settle()\n', ''],
      ["    reach('sealed')\n", "    this.#owed.settle()\n    reach('sealed')\n"],
    ],
    run: 'exactly once, updated windows',
    seeds,
    noticed: /was sent twice/,
  },
  {
    name: 'beyond a record that is not settled, records are committed before an aggregate, too',
    file: 'engine/runtime/input-kinds.ts',
    changes: [
      [
        'this.#commitsFirst = commitsFirst(plan, sub)',
        'this.#commitsFirst = false && commitsFirst(plan, sub)',
      ],
    ],
    run: 'closed windows, crashes',
    seeds,
    noticed: /something beyond|is gone/,
  },
  {
    name: 'a record that was counted and parked counts again when it is released',
    file: 'engine/component/operators/taking-in.ts',
    changes: [['if (this.#applied.has(lineage, row))', 'if (Number(row) < 0)']],
    run: 'letters, aggregated',
    seeds,
    noticed: /sent .*, not/,
  },
  ...letterMutants,
  ...joinMutants,
  ...sequenceMutants,
  ...scheduleMutants,
]
