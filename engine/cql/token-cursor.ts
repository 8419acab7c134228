import { cqlError, tokenize } from './tokens.ts'
import type { Token } from './tokens.ts'

/** Reads tokens one by one; every `expect…` throws CQL_SYNTAX with the place and what was expected. */
export class TokenCursor {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(path: string, text: string) {
    this.#tokens = tokenize(path, text)
  }

  /** The token `ahead` places on, without taking it; beyond the end it is the end token. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] as Token
  }

  /** Takes the next token; at the end it stays there. */
  next(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.#at++
    return token
  }

  /** The token that was taken last. */
  previous(): Token {
    return this.#tokens[Math.max(this.#at - 1, 0)] as Token
  }

  /** Whether the next tokens are these words or symbols. */
  sees(...texts: readonly string[]): boolean {
    return texts.every((text, index) => {
      const token = this.peek(index)
      return (token.kind === 'word' || token.kind === 'symbol') && token.text === text
    })
  }

  /** Takes these words or symbols if they come next, and says whether they did. */
  accept(...texts: readonly string[]): boolean {
    if (!this.sees(...texts)) return false
    this.#at += texts.length
    return true
  }

  /** Takes these words or symbols, or throws. */
  expect(...texts: readonly string[]): Token {
    for (const text of texts) {
      if (!this.accept(text))
        this.fail(`expected ${text.toUpperCase()}, found ${describeToken(this.peek())}.`)
    }
    return this.previous()
  }

  /** Takes a name; `what` says which one in the error. */
  identifier(what: string): Token {
    const token = this.peek()
    if (token.kind !== 'word' && token.kind !== 'quoted') {
      this.fail(`expected ${what}, found ${describeToken(token)}.`)
    }
    return this.next()
  }

  /** Takes `name` or `keyspace.name` and returns the last part, with the keyspace where there is one. */
  qualifiedName(what: string): { readonly name: Token; readonly keyspace: string | undefined } {
    const first = this.identifier(what)
    if (!this.accept('.')) return { name: first, keyspace: undefined }
    return { name: this.identifier(what), keyspace: first.text }
  }

  /** Throws CQL_SYNTAX at the next token, or at the one given. */
  fail(sentence: string, token: Token = this.peek()): never {
    throw cqlError('CQL_SYNTAX', token.position, sentence)
  }
}

/** A token as a message names it. */
export function describeToken(token: Token): string {
  return token.kind === 'end' ? 'the end of the file' : `"${token.text}"`
}
