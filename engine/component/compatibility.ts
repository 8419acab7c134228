/** What a subject promises, by the names of Confluent's registry. */
export const compatibilityModes = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const

/**
 * - `BACKWARD`: readers of the new version read what the one before wrote. `FORWARD`: the other way about. `FULL`: both.
 * - `…_TRANSITIVE`: and so with every earlier version. `NONE`: nothing is promised.
 */
export type CompatibilityMode = (typeof compatibilityModes)[number]

/** What holds where the catalogue says nothing: a rebuild reads every version that there was. */
export const defaultMode: CompatibilityMode = 'BACKWARD_TRANSITIVE'
