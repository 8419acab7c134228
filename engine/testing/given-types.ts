import type { ValueEncoder } from '../component/codec.ts'
import { permanentError, sentenceOf } from '../errors.ts'
import type { WritableVersion } from './place.ts'

/**
 * A value of a case, written as the record type that the case names; without one, as the only type of its source that it fits.
 * Throws a permanent error where it fits none of them, or several.
 */
export async function encodeTyped(
  value: unknown,
  schema: string | undefined,
  names: readonly string[],
  encoderOf: (name: string) => Promise<ValueEncoder>,
): Promise<Uint8Array> {
  const only = schema ?? (names.length === 1 ? names[0] : undefined)
  if (only !== undefined) return (await encoderOf(only)).encode(value)
  const fitting: { readonly name: string; readonly bytes: Uint8Array }[] = []
  const misfits: string[] = []
  for (const name of names) {
    const encoder = await encoderOf(name)
    try {
      fitting.push({ name, bytes: encoder.encode(value) })
    } catch (error) {
      misfits.push(sentenceOf(error))
    }
  }
  const [first, second] = fitting
  if (first !== undefined && second === undefined) return first.bytes
  const what =
    first === undefined
      ? `The value is none of ${names.join(', ')} (${misfits.join(' ')})`
      : `The value fits ${fitting.map(({ name }) => name).join(' and ')}`
  throw permanentError('RECORD_INVALID', `${what}: say which it is, with "schema" beside the value.`)
}

/**
 * The same, written with a version that is not the newest: of the types that have it, the one that is named, or the only one that
 * the value fits. So the version of another MAJOR is a record of that MAJOR.
 */
export async function encodeVersion(
  value: unknown,
  wanted: {
    readonly version: string
    readonly schema: string | undefined
    readonly names: readonly string[]
  },
  versionsOf: (name: string) => Promise<readonly WritableVersion[]>,
): Promise<Uint8Array> {
  const { version, schema } = wanted
  const names = schema === undefined ? wanted.names : [schema]
  const encoders = new Map<string, ValueEncoder>()
  const known: string[] = []
  for (const name of names) {
    const all = await versionsOf(name)
    const found = all.find((one) => one.version === version)
    if (found !== undefined) encoders.set(name, found.encoder)
    known.push(`${name} has ${all.map((one) => `v${one.version}`).join(', ') || 'none'}`)
  }
  if (encoders.size === 0)
    throw permanentError(
      'RECORD_INVALID',
      `There is no version v${version} in schemas/: ${known.join('; ')}.`,
    )
  return encodeTyped(value, schema, [...encoders.keys()], (name) => Promise.resolve(encoders.get(name)!))
}
