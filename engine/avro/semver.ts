/** A version as semver.org counts them, without pre-releases and build metadata. */
export interface Semver {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

const pattern = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(?:\.(0|[1-9]\d{0,5}))?$/

/** Reads `1.2` or `1.2.3`; undefined for anything else. PATCH is 0 where it is absent. */
export function parseSemver(text: string): Semver | undefined {
  const parts = pattern.exec(text)
  if (parts === null) return undefined
  return { major: Number(parts[1]), minor: Number(parts[2]), patch: Number(parts[3] ?? 0) }
}

/** `1.2.0`: what records carry as `eventVersion`. */
export function formatSemver({ major, minor, patch }: Semver): string {
  return `${major}.${minor}.${patch}`
}

/** Below 0 where `left` is the older. */
export function compareSemver(left: Semver, right: Semver): number {
  return left.major - right.major || left.minor - right.minor || left.patch - right.patch
}
