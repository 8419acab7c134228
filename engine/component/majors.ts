/**
 * A record's MAJOR is in its name: `shop.orders.OrderCreated` is the first, `shop.orders.v2.OrderCreated` the second. Both are of
 * one family, which has the name of the first.
 */
export interface MajorName {
  readonly family: string
  readonly major: number
}

/** What the full name of a record says of its MAJOR. */
export function majorOf(fullName: string): MajorName {
  const parts = fullName.split('.')
  const major = /^v([1-9]\d{0,5})$/.exec(parts.at(-2) ?? '')?.[1]
  if (major === undefined) return { family: fullName, major: 1 }
  return { family: [...parts.slice(0, -2), parts.at(-1)!].join('.'), major: Number(major) }
}

/** Of each family among these, the newest: by the name of every one of them that of the newest. */
export function newestOf(names: readonly string[]): ReadonlyMap<string, string> {
  const newest = new Map<string, string>()
  for (const name of names) {
    const { family, major } = majorOf(name)
    const before = newest.get(family)
    if (before === undefined || majorOf(before).major < major) newest.set(family, name)
  }
  return new Map(names.map((name) => [name, newest.get(majorOf(name).family)!]))
}
