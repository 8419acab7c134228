import { fatalError } from '../errors.ts'

/**
 * Makes a function of generated source, in which only the names of `known` stand for something.
 *
 * @throws CONFIG_INVALID (fatal) in a process that forbids to make code of text.
 */
export function instantiate<T>(text: string, known: Readonly<Record<string, unknown>>): T {
  try {
    // The text is made of numbers, of fixed pieces, and of names that parse.ts found to be identifiers.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
    return new Function(...Object.keys(known), text)(...Object.values(known)) as T
  } catch (error) {
    if (!(error instanceof EvalError)) throw error
    const what = 'Avro codecs are compiled, which this process forbids'
    throw fatalError(
      'CONFIG_INVALID',
      `${what}: start Node without --disallow-code-generation-from-strings.`,
      {
        cause: error,
      },
    )
  }
}
