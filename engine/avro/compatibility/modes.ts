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

/** What a mode asks for. */
export interface ModeRules {
  /** The new version reads the earlier ones. */
  readonly backward: boolean
  /** The earlier ones read the new version. */
  readonly forward: boolean
  /** All earlier versions count, not the last alone. */
  readonly transitive: boolean
}

/** The rules of a mode. */
export function rulesOf(mode: CompatibilityMode): ModeRules {
  return {
    backward: mode.startsWith('BACKWARD') || mode.startsWith('FULL'),
    forward: mode.startsWith('FORWARD') || mode.startsWith('FULL'),
    transitive: mode.endsWith('_TRANSITIVE'),
  }
}
