/**
 * Why an act on letters is not carried out: `unknown` there is no such letter, key or topic; `ambiguous` several are
 * meant; `invalid` it was asked for in a way that cannot be; `conflict` the letter is in a state in which it may not be.
 */
export type RefusalKind = 'unknown' | 'ambiguous' | 'invalid' | 'conflict'

/** An act on letters that is refused before anything was done. `message` is a sentence for whoever asked, by any way in. */
export class LetterRefusal extends Error {
  override readonly name = 'LetterRefusal'
  readonly kind: RefusalKind
  /** What to do about it on the command line; a part of a sentence. */
  readonly hint: string | undefined

  constructor(kind: RefusalKind, message: string, hint?: string) {
    super(message)
    this.kind = kind
    this.hint = hint
  }
}
