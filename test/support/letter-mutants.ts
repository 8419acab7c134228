import type { Mutant } from './mutant.ts'

/** Defects by which a record has more than one letter, or a letter more than one end. */
export const letterMutants: readonly Mutant[] = [
  {
    name: 'a letter that fails again when it is released is parked once more',
    file: 'engine/runtime/task.ts',
    changes: [['    if (isErrand(batch) || isOwed(batch)) {', '    if (isOwed(batch)) {']],
    run: 'letters',
    seeds: [6],
    noticed: /there are two letters/,
  },
  {
    name: 'letters of the last life are not known by their settled ranges',
    file: 'engine/runtime/ledger.ts',
    changes: [['        if (this.#restored.has(run.offset(row)))', '        if (run.offset(row) < 0)']],
    run: 'letters and crashes',
    seeds: [3],
    noticed: /there are two letters/,
  },
]
