import type { ClusterMutant } from '../cluster/mutants.ts'

/** Defects that only a run with letters, duplicates and deaths all at once has a chance to show. */
export const chaosMutants: readonly ClusterMutant[] = [
  {
    name: 'ids are not restored',
    changes: [
      {
        file: 'engine/state/id-store.ts',
        replace: [
          [
            '      buckets.restore(bucket, exact, words, this.#claims)\n',
            '      void [exact, words, buckets]\n',
          ],
        ],
      },
    ],
  },
  {
    name: 'a letter that is discarded is processed',
    changes: [
      {
        file: 'engine/runtime/parked-input.ts',
        replace: [
          [
            "command.act === 'discard' ? this.#discard(letter) :",
            "command.act === 'discard' && Number(letter.row) < 0 ? this.#discard(letter) :",
          ],
        ],
      },
    ],
  },
  {
    name: 'letters are released from the last one to the first',
    changes: [
      {
        file: 'engine/runtime/parked-input.ts',
        replace: [
          [
            'for (const letter of this.#letters.values()) {',
            'for (const letter of [...this.#letters.values()].reverse()) {',
          ],
        ],
      },
    ],
  },
]
