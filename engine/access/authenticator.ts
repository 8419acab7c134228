import { fatalError } from '../errors.ts'
import { parseKeys, WatchedKeys } from './key-file.ts'
import { KeyBook, looksLikeKey } from './keys.ts'
import { refused, type Identity, type Verdict } from './identity.ts'
import { scopeNames } from './scopes.ts'
import type { AccessSettings } from './settings.ts'
import type { Tokens } from './tokens.ts'

/** Says who somebody is, by the `Authorization` header of a request. Never rejects. */
export interface Authenticator {
  verdictOn(authorization: string | undefined): Promise<Verdict>
}

const nobody: Identity = { kind: 'open', id: 'open', name: 'anybody', scopes: scopeNames }

/** Asks nobody who they are, and allows everything: for a developer's own machine. */
export const openDoor: Authenticator = {
  verdictOn: () => Promise.resolve({ outcome: 'known', identity: nobody }),
}

/**
 * Checks keys and tokens. Rejects with a sentence for keys that cannot be read; with CONFIG_INVALID where there is neither
 * a key nor an issuer, since nobody could ever come in.
 */
export async function openAuthenticator(
  settings: AccessSettings,
  now: () => number = Date.now,
): Promise<Authenticator> {
  const { keys, tokens } = settings
  if (keys === undefined && tokens.length === 0)
    throw fatalError('CONFIG_INVALID', 'access names neither keys nor tokens.')
  const books = keys === undefined ? undefined : booksOf(keys)
  await books?.book()
  const checker = tokens.length === 0 ? undefined : new (await import('./tokens.ts')).Tokens(tokens, now)
  return new CredentialCheck(books, checker, now)
}

interface Books {
  book(): Promise<KeyBook> | KeyBook
}

function booksOf(keys: NonNullable<AccessSettings['keys']>): Books {
  if (keys.kind === 'file') return new WatchedKeys(keys.path)
  const book = new KeyBook(parseKeys(keys.text.reveal(), 'access.keys'))
  return { book: () => book }
}

class CredentialCheck implements Authenticator {
  readonly #books: Books | undefined
  readonly #tokens: Tokens | undefined
  readonly #now: () => number

  constructor(books: Books | undefined, tokens: Tokens | undefined, now: () => number) {
    this.#books = books
    this.#tokens = tokens
    this.#now = now
  }

  async verdictOn(authorization: string | undefined): Promise<Verdict> {
    if (authorization === undefined || authorization === '')
      return refused('Credentials are missing: send Authorization: Bearer with a key or a token.')
    const text = /^Bearer +([A-Za-z0-9._~+/=-]{1,9000})$/i.exec(authorization)?.[1]
    if (text === undefined) return refused('The Authorization header is not "Bearer" and a key or token.')
    if (looksLikeKey(text)) return this.#keyVerdict(text)
    return (
      this.#tokens?.verdictOn(text) ??
      refused('The bearer token is no key of Millrace, and others are not taken here.')
    )
  }

  async #keyVerdict(text: string): Promise<Verdict> {
    if (this.#books === undefined) return refused('Keys of Millrace are not taken here: send a token.')
    try {
      return (await this.#books.book()).verdictOn(text, this.#now())
    } catch {
      return { outcome: 'unsure', sentence: 'The file of keys cannot be read at present.' }
    }
  }
}
