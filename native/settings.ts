import { loadBinding } from './load.ts'
import { SettingsError } from './errors.ts'

/** Settings of librdkafka by name, global and topic-level ones alike (its CONFIGURATION.md describes them). */
export type Settings = Readonly<Record<string, string | number | boolean>>

export type ClientKind = 'reader' | 'writer'

/** What a client sets itself, because its own promises rest on it: `[value, why]`. */
export type Reserved = Readonly<Record<string, readonly [value: string, why: string]>>

interface Known {
  /** Whom the setting concerns. */
  readonly kind: ClientKind | 'both'
  /** The name that it is another name for. */
  readonly alias: string | undefined
}

let known: ReadonlyMap<string, Known> | undefined

/** Every setting that the built librdkafka knows, aliases included. */
export function knownSettings(): ReadonlyMap<string, Known> {
  known ??= parseSettings(loadBinding().settings())
  return known
}

/** Reads librdkafka's own table of settings. */
export function parseSettings(table: string): Map<string, Known> {
  const kinds = { C: 'reader', P: 'writer', '*': 'both' } as const
  const found = new Map<string, Known>()
  for (const line of table.split('\n')) {
    const cells = /^(\S+)\s*\|\s*([CP*])\s*\|/.exec(line)
    if (cells === null) continue
    const alias = /Alias for `([^`]+)`/.exec(line)?.[1]
    const kind = kinds[cells[2] as 'C' | 'P' | '*']
    const before = found.get(cells[1]!)
    // A name that is both global and topic-level concerns whom either of them concerns, and is itself, even if one of
    // them is an old name of something else.
    found.set(
      cells[1]!,
      before === undefined
        ? { kind, alias }
        : { kind: before.kind === kind ? kind : 'both', alias: before.alias && alias },
    )
  }
  return found
}

/**
 * The settings of a client as flat names and values: defaults, then the user's, then what the client reserves. Settings
 * that concern only the other kind of client are left out, so that both can be given the same ones.
 *
 * @throws SettingsError for an unknown name (with the nearest known one), for a value that is no text, number or
 * boolean, and for a reserved setting with another value
 */
export function clientSettings(
  kind: ClientKind,
  settings: Settings,
  defaults: Settings,
  reserved: Reserved,
): string[] {
  const all = knownSettings()
  const result = new Map<string, string>()
  const name = (given: string): string => all.get(given)?.alias ?? given
  for (const [given, value] of Object.entries(defaults)) result.set(name(given), String(value))
  const byUser = new Map<string, string>()
  for (const [given, value] of Object.entries(settings)) {
    const concerns = all.get(given)
    if (concerns === undefined) throw unknownSetting(given, [...all.keys()])
    if (concerns.kind !== 'both' && concerns.kind !== kind) continue
    const text = textOf(given, value)
    const twin = byUser.get(name(given))
    if (twin !== undefined)
      throw new SettingsError(`The settings ${twin} and ${given} are one and the same: give one of them.`)
    byUser.set(name(given), given)
    result.set(name(given), text)
  }
  for (const [given, [value, why]] of Object.entries(reserved)) {
    const asked = byUser.has(given) ? result.get(given) : undefined
    if (asked !== undefined && asked !== value)
      throw new SettingsError(`The setting ${given} cannot be ${asked}: the ${kind} needs ${value}, ${why}.`)
    result.set(given, value)
  }
  return [...result].flat()
}

/** What librdkafka says when it refuses settings together, with the file's name where it is about a file. */
export function refusedSettings(kind: ClientKind, flat: readonly string[], reason: string): SettingsError {
  const name = /^(\S+\.location) failed/.exec(reason)?.[1]
  const file = name === undefined ? undefined : flat[flat.lastIndexOf(name) + 1]
  const about = file === undefined ? '' : `${name} is ${file}, which cannot be used; `
  return new SettingsError(`The settings of the ${kind} are refused: ${about}${reason}`)
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  throw new SettingsError(`The setting ${name} is neither text, a number nor a boolean.`)
}

function unknownSetting(name: string, all: readonly string[]): SettingsError {
  const near = nearestName(name, all)
  const hint = near === undefined ? 'see CONFIGURATION.md of librdkafka' : `did you mean ${near}?`
  return new SettingsError(`librdkafka has no setting ${name}: ${hint}`)
}

/** The known name that is nearest by edits, if one is near enough to be meant. */
export function nearestName(name: string, all: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.ceil(name.length / 3)) + 1
  for (const candidate of all) {
    const edits = editDistance(name.toLowerCase().replaceAll(/[_-]/g, '.'), candidate)
    if (edits < least) [best, least] = [candidate, edits]
  }
  return best
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
