import { sentenceOf } from '../errors.ts'
import { importPlaceOf, placeOf, shownFrom, syntaxPlaceOf, type OwnPlace } from './own-place.ts'

/** Why a user's file could not be imported, and where that stands: in it, or in a file that it imports. */
export interface LoadFailure {
  readonly place: OwnPlace
  /** One sentence. */
  readonly message: string
}

/** What the failed import of a file comes down to. */
export async function loadFailure(error: unknown, path: string): Promise<LoadFailure> {
  const head: OwnPlace = { path, line: 1, column: 1 }
  const said = saidBy(error).slice(0, -1)
  const thrown = placeOf(error)
  if (error instanceof SyntaxError && thrown === undefined) {
    const place = await syntaxPlaceOf(error, path)
    return { place: place ?? head, message: syntaxSentence(said, error, place) }
  }
  const missing = /^Cannot find (module|package) '(.+?)' imported from (.+)$/.exec(said)
  if (missing !== null) {
    const [, what, imported = '', importer = path] = missing
    const wrong =
      what === 'package'
        ? `there is no package "${imported}"; install it (npm install ${imported})`
        : `there is no file ${shownFrom(imported)}`
    return {
      place: await importPlaceOf(imported, importer),
      message: `An import of this file fails: ${wrong}.`,
    }
  }
  return { place: thrown ?? head, message: `The file throws while it is loaded: ${said}.` }
}

/** What an error says, as one line with a point at its end. */
export function saidBy(error: unknown): string {
  const line = sentenceOf(error)
    .trim()
    .replaceAll(/\s*[\r\n]+\s*/g, ' ')
  return `${line.replace(/\.$/, '')}.`
}

function syntaxSentence(said: string, error: SyntaxError, place: OwnPlace | undefined): string {
  if ((error as { code?: unknown }).code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return `${said}: Node removes types and no more, so write it without (erasableSyntaxOnly of tsconfig.json finds these).`
  if (said.includes('does not provide an export')) return `An import of this file fails: ${said}.`
  return place === undefined
    ? `A file that this one imports does not compile: ${said}.`
    : `This does not compile: ${said}.`
}
