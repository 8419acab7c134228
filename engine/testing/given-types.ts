import type { ValueEncoder } from '../component/codec.ts'
import { permanentError, sentenceOf } from '../errors.ts'

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
