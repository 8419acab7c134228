/** A defect that somebody could make in the engine. */
export interface ClusterMutant {
  readonly name: string
  readonly changes: readonly {
    /** Path in the repository. */
    readonly file: string
    readonly replace: readonly (readonly [from: string, to: string])[]
  }[]
}

const commitFile = 'engine/kafka/commit.ts'
const runOf = `    const ended = await this.#options.transactions.run({
      batches: [...state, ...contents.map(({ batch }) => batch)],
      offsets: commit.tasks.flatMap((task) => task.positions),
      identity: identity.bytes,
    })`

/** What is sealed under an epoch that is over is sent, also if it has to be sent again. */
const epochIgnored: ClusterMutant['changes'] = [
  {
    file: commitFile,
    replace: [
      [
        '    return held.length > 0 && Math.max(...held) === epoch',
        '    return held.length >= 0 && epoch >= 0',
      ],
    ],
  },
  {
    file: 'engine/runtime/commit-cycle.ts',
    replace: [['        return this.#without(cut, (task) => task.cancelled)', '        return cut']],
  },
]

/** Whoever the member is by now, it commits, though its caller has not heard of a loss yet. */
const identityTaken: ClusterMutant['changes'][number] = {
  file: 'engine/kafka/member.ts',
  replace: [
    [
      'if (rebalances === this.#begun && !this.#inbox.hasRebalance) return { bytes, memberId, generation }',
      'if (rebalances >= 0) return { bytes, memberId, generation }',
    ],
  ],
}

/** Text replacements, applied to a worker's modules as they are loaded. */
export const clusterMutants = [
  {
    name: 'a record settles when it is handed to the sink',
    changes: [
      {
        file: 'engine/runtime/sink-stage.ts',
        replace: [
          [
            '    this.#executor.submit(batch)',
            "    batch.releaseAll('stored')\n    this.#executor.submit(batch)",
          ],
          ["for (const part of batch.parts) part.releaseAll('stored')", 'void 0'],
          ['      lineage.release(row)\n', ''],
        ],
      },
    ],
  },
  {
    name: 'an id is known without its position',
    changes: [
      {
        file: 'engine/state/id-store.ts',
        replace: [
          [
            'const same = isAt(words, at, offset) && (words[at + META]! & INPUT_MASK) === input',
            'const same = input < 0',
          ],
        ],
      },
    ],
  },
  {
    name: 'an id is durable as soon as it was seen',
    changes: [
      {
        file: 'engine/state/id-store.ts',
        replace: [
          [
            '      if (!cut.has(claims.lineages[claim]!, claims.rows[claim]!)) {',
            '      if (Number(claims.count) < 0) {',
          ],
          [
            "      if (verdict === undefined) throw this.#defect('was asked to seal a record that is not settled')\n",
            '',
          ],
          ['      if (frees(verdict))', "      if (frees(verdict ?? 'stored'))"],
        ],
      },
    ],
  },
  {
    name: 'a letter is sealed before the earlier records of its key are settled',
    changes: [
      {
        file: 'engine/runtime/parking.ts',
        replace: [
          [
            '    return !this.#ledger.someOpenBelow(offset, (other) => other === key)',
            '    return offset >= 0',
          ],
        ],
      },
    ],
  },
  {
    name: 'positions are committed plainly after the state',
    changes: [
      {
        file: commitFile,
        replace: [
          [
            runOf,
            `${runOf.replace('offsets: commit.tasks.flatMap((task) => task.positions)', 'offsets: []')}
    const { channel } = await import('node:diagnostics_channel')
    channel('millrace.point').publish({ point: 'between' })
    if (ended.how === 'committed') await this.#options.member.commit(commit.tasks.flatMap((task) => task.positions))`,
          ],
        ],
      },
    ],
  },
  {
    name: 'positions are committed plainly before the state',
    changes: [
      {
        file: commitFile,
        replace: [
          [
            runOf,
            `    await this.#options.member.commit(commit.tasks.flatMap((task) => task.positions))
    const { channel } = await import('node:diagnostics_channel')
    channel('millrace.point').publish({ point: 'between' })
${runOf.replace('offsets: commit.tasks.flatMap((task) => task.positions)', 'offsets: []')}`,
          ],
        ],
      },
    ],
  },
  {
    name: 'the ranges beyond the frontier are not committed',
    changes: [
      {
        file: 'engine/runtime/task-input.ts',
        replace: [
          [
            '    const metadata = fitMetadata(frontier, ranges)',
            "    const metadata = ranges.size < 0 ? fitMetadata(frontier, ranges) : ''",
          ],
        ],
      },
    ],
  },
  {
    name: 'outputs are written at once, outside of the commit',
    changes: [
      {
        file: 'engine/runtime/sink-stage.ts',
        replace: [
          [
            'outbox === undefined || writer.prepare === undefined',
            'true || outbox === undefined || writer.prepare === undefined',
          ],
        ],
      },
    ],
  },
  {
    name: 'whoever commits is not asked whether the partitions are still its own',
    changes: [...epochIgnored, identityTaken],
  },
  {
    name: 'the epoch under which partitions are held is ignored',
    changes: epochIgnored,
  },
  {
    name: 'a time to live is counted from when the row is written',
    changes: [
      {
        file: 'sinks/table/row-maker.ts',
        replace: [
          [
            'Math.floor((eventTime + retention - now) / 1000)',
            'Math.floor((eventTime * 0 + retention + now * 0) / 1000)',
          ],
        ],
      },
    ],
  },
] as const satisfies readonly ClusterMutant[]

export type MutantName = (typeof clusterMutants)[number]['name']
