import { readFile } from 'node:fs/promises'
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose'

/** Where an issuer's public keys are (a JSON Web Key Set, RFC 7517). */
export interface SigningKeysPlace {
  /** `https://…` or an absolute path. */
  readonly at: string
  readonly kind: 'url' | 'file'
}

/** How long what was fetched is good for; milliseconds. */
const times = {
  /** Fetched again after this. */
  fresh: 10 * 60_000,
  /** Not good any more after this, if it cannot be fetched again. */
  good: 60 * 60_000,
  /** An unknown key makes it look again, but not more often than this: whoever invents key ids asks nobody. */
  again: { url: 30_000, file: 1000 },
  /** After a failure. */
  failed: 5000,
  answer: 5000,
} as const

const mostBytes = 512 * 1024

type KeySet = ReturnType<typeof createLocalJWKSet>

/** The keys cannot be had at present. */
export class SigningKeysAway extends Error {}

/**
 * The public keys of an issuer. They are fetched when they are first needed, again when they are old, and when a token
 * names a key that is not among them: an issuer that changes its keys needs nobody's help. One fetch is under way at most.
 */
export class SigningKeys {
  readonly #place: SigningKeysPlace
  readonly #now: () => number
  #set: KeySet | undefined
  #fetchedAt = -Infinity
  #failedAt = -Infinity
  #pending: Promise<void> | undefined

  constructor(place: SigningKeysPlace, now: () => number) {
    this.#place = place
    this.#now = now
  }

  /** For jose: the key that a token's header names. Rejects with SigningKeysAway, or as jose does where there is none. */
  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    await this.#freshen()
    try {
      return await this.#set!(header, token)
    } catch (error) {
      const wait = times.again[this.#place.kind]
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#age() < wait || this.#justFailed())
        throw error
      await this.#fetch()
      return this.#set!(header, token)
    }
  }

  #age(): number {
    return this.#now() - this.#fetchedAt
  }

  #justFailed(): boolean {
    return this.#now() - this.#failedAt < times.failed
  }

  async #freshen(): Promise<void> {
    if (this.#age() < times.fresh) return
    const usable = this.#set !== undefined && this.#age() < times.good
    if (this.#justFailed()) {
      if (usable) return
      throw new SigningKeysAway()
    }
    await this.#fetch().catch((error: unknown) => {
      if (!usable) throw error
    })
  }

  async #fetch(): Promise<void> {
    this.#pending ??= this.#load().finally(() => (this.#pending = undefined))
    await this.#pending
  }

  async #load(): Promise<void> {
    try {
      const text = await textAt(this.#place)
      // A set with one key of a kind that jose does not know is still good for the others.
      this.#set = createLocalJWKSet(JSON.parse(text) as Parameters<typeof createLocalJWKSet>[0])
      this.#fetchedAt = this.#now()
    } catch (cause) {
      this.#failedAt = this.#now()
      throw new SigningKeysAway(undefined, { cause })
    }
  }
}

async function textAt({ at, kind }: SigningKeysPlace): Promise<string> {
  const text = kind === 'file' ? await readFile(at, 'utf8') : await fetched(at)
  if (text.length > mostBytes) throw new Error('too large')
  return text
}

async function fetched(url: string): Promise<string> {
  const signal = AbortSignal.timeout(times.answer)
  // A redirect would let somebody else say whose tokens are good.
  const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } })
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  return response.text()
}
