import { Duration } from '../../engine/component/fields.ts'
import { nearest } from '../../engine/config/suggest.ts'
import { parseScope, scopeNames } from '../../engine/access/scopes.ts'
import { textFlag, usage, type ParsedFlags } from '../command-line/flags.ts'

const defaultExpiry = '90d'

/** The scopes of `--scope`, each once. Throws USAGE with the one that was probably meant. */
export function wantedScopes(values: ParsedFlags['values']): string[] {
  const given = values['scope']
  const texts = (Array.isArray(given) ? given : []).flatMap((text) => String(text).split(','))
  if (texts.length === 0)
    throw usage(`keys new needs --scope SCOPE: ${scopeNames.join(', ')}, or one with :TOPOLOGY behind it.`)
  for (const text of texts) if (parseScope(text) === undefined) throw unknownScope(text)
  return [...new Set(texts)]
}

function unknownScope(text: string): Error {
  const [room = '', act = '', topology] = text.split(':')
  const near = nearest(`${room}:${act}`, scopeNames)
  const meant = topology === undefined ? near : `${near}:${topology}`
  const hint = near === undefined ? `there are ${scopeNames.join(', ')}.` : `did you mean ${meant}?`
  return usage(`--scope ${text} is no scope: ${hint}`)
}

/** When a key ends, in milliseconds since 1970; undefined for `never`. Throws USAGE. */
export function keyExpiry(values: ParsedFlags['values'], now: number): number | undefined {
  const text = textFlag(values, 'expires') ?? defaultExpiry
  if (text === 'never') return undefined
  const parsed = Duration.safeParse(text)
  if (parsed.success && parsed.data > 0 && parsed.data <= 3650 * 86_400_000) return now + parsed.data
  throw usage(`--expires ${text} is no length of time up to 3650d: give one such as 12h or 30d, or never.`)
}
