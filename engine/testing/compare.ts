/** What is compared: whole numbers beyond 2^53 as text, bytes as 0x and hexadecimal digits, absent as null. */
export function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`
  if (value instanceof Date) return value.getTime()
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return plain(Object.fromEntries(value as Map<string, unknown>))
  if (value instanceof Set) return [...(value as Set<unknown>)].map(plain)
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}

/** One field that is not as expected. */
export interface FieldDifference {
  /** Dotted; '' for the whole. */
  readonly path: string
  readonly expected: unknown
  readonly actual: unknown
}

/**
 * The fields of `expected` that `actual` has otherwise; undefined where there are none. Fields that are not expected may be
 * anything, at every depth; lists are compared as a whole. A time as text equals its milliseconds since 1970.
 */
export function differsFrom(expected: unknown, actual: unknown): readonly FieldDifference[] | undefined {
  const found = [...differences(plain(expected), plain(actual), '')]
  return found.length === 0 ? undefined : found
}

function* differences(expected: unknown, actual: unknown, path: string): Generator<FieldDifference> {
  if (isMapping(expected) && isMapping(actual)) {
    for (const [name, field] of Object.entries(expected))
      yield* differences(field, actual[name] ?? null, path === '' ? name : `${path}.${name}`)
    return
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    for (const [n, item] of expected.entries()) yield* differences(item, actual[n], `${path}[${n}]`)
    return
  }
  if (!sameScalar(expected, actual)) yield { path, expected, actual }
}

function sameScalar(expected: unknown, actual: unknown): boolean {
  if (expected === actual) return true
  if (typeof expected === 'string' && typeof actual === 'number' && /^\d{4}-\d\d-\d\dT/.test(expected))
    return Date.parse(expected) === actual
  return false
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How an expected list and an actual one go together. */
export type Pairing =
  | {
      readonly type: 'different'
      readonly n: number
      readonly at: number
      readonly fields: readonly FieldDifference[]
    }
  | { readonly type: 'missing'; readonly n: number }
  | { readonly type: 'unexpected'; readonly at: number }

/** What is wrong with a list whose order counts. Items are aligned, so that one that is missing is told once. */
export function compareInOrder(expected: readonly unknown[], actual: readonly unknown[]): Pairing[] {
  const same = expected.map((one) => actual.map((other) => differsFrom(one, other) === undefined))
  const found: Pairing[] = []
  let missing: number[] = []
  let extra: number[] = []
  const flush = (): void => {
    found.push(...pair(missing, extra, expected, actual))
    missing = []
    extra = []
  }
  const longest = longestFrom(same, expected.length, actual.length)
  for (let n = 0, at = 0; n < expected.length || at < actual.length;) {
    if (
      n < expected.length &&
      at < actual.length &&
      same[n]![at]! &&
      longest[n]![at] === longest[n + 1]![at + 1]! + 1
    ) {
      flush()
      n++
      at++
    } else if (at >= actual.length || (n < expected.length && longest[n + 1]![at]! >= longest[n]![at + 1]!)) {
      missing.push(n++)
    } else extra.push(at++)
  }
  flush()
  return found
}

/** The length of the longest common rest from each pair of places. */
function longestFrom(same: readonly (readonly boolean[])[], rows: number, columns: number): number[][] {
  const table = Array.from({ length: rows + 1 }, () => new Array<number>(columns + 1).fill(0))
  for (let n = rows - 1; n >= 0; n--) {
    for (let at = columns - 1; at >= 0; at--) {
      const skip = Math.max(table[n + 1]![at]!, table[n]![at + 1]!)
      table[n]![at] = same[n]![at]! ? Math.max(skip, table[n + 1]![at + 1]! + 1) : skip
    }
  }
  return table
}

/** What is wrong with a list whose order does not count. */
export function compareAnyOrder(expected: readonly unknown[], actual: readonly unknown[]): Pairing[] {
  const unused = new Set(actual.keys())
  const missing: number[] = []
  for (const [n, one] of expected.entries()) {
    const at = [...unused].find((other) => differsFrom(one, actual[other]) === undefined)
    if (at === undefined) missing.push(n)
    else unused.delete(at)
  }
  return pair(missing, [...unused], expected, actual)
}

/** Pairs what is missing with what is unexpected, the most alike first, where they are alike at all. */
function pair(
  missing: readonly number[],
  extra: readonly number[],
  expected: readonly unknown[],
  actual: readonly unknown[],
): Pairing[] {
  const left = new Set(extra)
  const found: Pairing[] = []
  for (const n of missing) {
    let best: { readonly at: number; readonly fields: readonly FieldDifference[] } | undefined
    for (const at of left) {
      const fields = differsFrom(expected[n], actual[at]) ?? []
      if (best === undefined || fields.length < best.fields.length) best = { at, fields }
    }
    if (best === undefined || best.fields.length >= fieldsOf(expected[n])) found.push({ type: 'missing', n })
    else {
      left.delete(best.at)
      found.push({ type: 'different', n, ...best })
    }
  }
  return [...found, ...[...left].map((at): Pairing => ({ type: 'unexpected', at }))]
}

/** How many fields could differ. */
function fieldsOf(value: unknown): number {
  if (isMapping(value)) return Object.values(value).reduce<number>((sum, field) => sum + fieldsOf(field), 0)
  return 1
}
