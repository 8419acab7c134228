import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { refused, type Verdict } from './identity.ts'

const keyForm = /^mk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/

/**
 * A key as it is kept: its hash, never itself. A plain SHA-256 is enough, since the key is 256 random bits: there is no
 * dictionary to go through, which is what slow hashes (bcrypt, argon2) are for, and they would cost each request 100 ms.
 */
const KeyEntry = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  /** SHA-256 of the whole key, hexadecimal. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  owner: z.string().min(1).max(200),
  scopes: z.array(z.string().max(400)).max(100),
  created: z.iso.datetime(),
  expires: z.iso.datetime().nullable(),
  revoked: z.iso.datetime().optional(),
})

export type KeyEntry = z.infer<typeof KeyEntry>

/** The content of a file of keys. */
export const KeyFile = z.strictObject({ version: z.literal(1), keys: z.array(KeyEntry).max(10_000) })

export type KeyFile = z.infer<typeof KeyFile>

/** What a new key is to be. */
export interface KeyRequest {
  readonly owner: string
  readonly scopes: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** Milliseconds since 1970; undefined = never. */
  readonly expires: number | undefined
}

/** Makes a key of 256 random bits. `text` is the key itself, to be shown once; `entry` is what is kept. */
export function makeKey({ owner, scopes, now, expires }: KeyRequest): { text: string; entry: KeyEntry } {
  const id = randomBytes(6).toString('hex')
  const text = `mk_${id}_${randomBytes(32).toString('base64url')}`
  const entry = {
    ...{ id, hash: digest(text).toString('hex'), owner, scopes: [...scopes] },
    created: new Date(now).toISOString(),
    expires: expires === undefined ? null : new Date(expires).toISOString(),
  }
  return { text, entry }
}

/** Whether a text means to be a key of Millrace. */
export function looksLikeKey(text: string): boolean {
  return text.startsWith('mk_')
}

const nobody = Buffer.alloc(32)
const unknown = 'The key is not known here.'

/** The keys that are known, for looking at many. */
export class KeyBook {
  readonly #byId: ReadonlyMap<string, KeyEntry>

  constructor(keys: readonly KeyEntry[]) {
    this.#byId = new Map(keys.map((entry) => [entry.id, entry]))
  }

  /** Says whose key it is. Whether it has ended or was revoked is told only to who has the key itself. */
  verdictOn(text: string, now: number): Verdict {
    const id = keyForm.exec(text)?.[1]
    const entry = id === undefined ? undefined : this.#byId.get(id)
    // Compared in constant time, also where there is nothing to compare with.
    const right = timingSafeEqual(digest(text), entry === undefined ? nobody : Buffer.from(entry.hash, 'hex'))
    if (entry === undefined || !right) return refused(unknown)
    const who = { kind: 'key', id: entry.id, name: entry.owner } as const
    if (entry.revoked !== undefined) return refused('The key was revoked: ask for another one.', who)
    const expires = entry.expires === null ? undefined : Date.parse(entry.expires)
    if (expires !== undefined && now >= expires)
      return refused('The key has expired: ask for another one.', who)
    return { outcome: 'known', identity: { ...who, scopes: entry.scopes, expires } }
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
