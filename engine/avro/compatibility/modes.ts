import type { CompatibilityMode } from '../../component/compatibility.ts'

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
