/** What somebody may do. `name:topology` allows it for one topology alone. */
export const scopes = {
  'dlq:read': 'list and show parked records, and count them',
  'dlq:release': 'release parked records',
  'dlq:replay': 'write letters back into topics, edited or as they are',
  'dlq:discard': 'give parked records up',
} as const

export type ScopeName = keyof typeof scopes

/** The names of all scopes. */
export const scopeNames = Object.keys(scopes) as ScopeName[]

/** A scope, taken apart. */
export interface Scope {
  readonly name: ScopeName
  /** The one topology that it is for; undefined = all. */
  readonly topology: string | undefined
}

/** Reads `dlq:read` or `dlq:read:orders`; undefined for what is no scope of Millrace. */
export function parseScope(text: string): Scope | undefined {
  const match = /^([a-z]+:[a-z]+)(?::([A-Za-z0-9][A-Za-z0-9._-]*))?$/.exec(text)
  const name = scopeNames.find((one) => one === match?.[1])
  return name === undefined ? undefined : { name, topology: match?.[2] }
}

/** Whether granted scopes allow something for a topology. */
export function allows(granted: readonly string[], name: ScopeName, topology: string): boolean {
  const where = topologiesOf(granted, name)
  return where === 'all' || where.has(topology)
}

/** For which topologies granted scopes allow something. What is no scope of Millrace allows nothing. */
export function topologiesOf(granted: readonly string[], name: ScopeName): 'all' | ReadonlySet<string> {
  const found = granted.flatMap((text) => parseScope(text) ?? []).filter((scope) => scope.name === name)
  if (found.some(({ topology }) => topology === undefined)) return 'all'
  return new Set(found.map(({ topology }) => topology!))
}
