import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { openAuthenticator } from '../../../engine/access/authenticator.ts'
import { changeKeys, readKeys } from '../../../engine/access/key-file.ts'
import { KeyBook, makeKey } from '../../../engine/access/keys.ts'

const now = Date.UTC(2026, 10, 21)
const make = (owner = 'ada', expires: number | undefined = now + 1000) =>
  makeKey({ owner, scopes: ['dlq:read'], now, expires })

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-keys-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a key', () => {
  test('is let in as its owner, with its scopes', () => {
    const { text, entry } = make()
    expect(new KeyBook([entry]).verdictOn(text, now)).toEqual({
      outcome: 'known',
      identity: { kind: 'key', id: entry.id, name: 'ada', scopes: ['dlq:read'], expires: now + 1000 },
    })
  })

  test('has 256 random bits, and is kept as its hash alone', () => {
    const { text, entry } = make()
    expect(text).toMatch(/^mk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/)
    expect(entry.hash).toBe(createHash('sha256').update(text).digest('hex'))
    expect(JSON.stringify(entry)).not.toContain(text.slice(-43))
    expect(new Set(Array.from({ length: 200 }, () => make().text)).size).toBe(200)
  })

  test('is refused from the millisecond at which it ends, and once it is revoked; who has it is told', () => {
    const { text, entry } = make()
    const book = new KeyBook([entry])
    expect(book.verdictOn(text, now + 999).outcome).toBe('known')
    const who = { kind: 'key', id: entry.id, name: 'ada' }
    expect(book.verdictOn(text, now + 1000)).toEqual({
      outcome: 'refused',
      sentence: 'The key has expired: ask for another one.',
      who,
    })
    const revoked = new KeyBook([{ ...entry, revoked: new Date(now).toISOString() }])
    expect(revoked.verdictOn(text, now)).toMatchObject({ outcome: 'refused', who })
  })

  test('that ended says no more to somebody who has only its id', () => {
    const { entry } = make('ada', now - 1)
    const guess = `mk_${entry.id}_${'A'.repeat(43)}`
    expect(new KeyBook([entry]).verdictOn(guess, now)).toEqual({
      outcome: 'refused',
      sentence: 'The key is not known here.',
    })
  })
})

describe('what was not issued is not let in', () => {
  const issued = [make('ada', undefined), make('bob', undefined), make('eve', undefined)]
  const book = new KeyBook(issued.map(({ entry }) => entry))
  const texts = new Set(issued.map(({ text }) => text))
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-']
  const secret = fc.array(fc.constantFrom(...letters), { minLength: 43, maxLength: 43 })
  const known = fc.constantFrom(...issued)

  /** Anything, a known id with another secret, a known key with one letter changed, cut, lengthened, or with other case. */
  const guesses = fc.oneof(
    fc.string(),
    fc.tuple(known, secret).map(([{ entry }, text]) => `mk_${entry.id}_${text.join('')}`),
    fc.tuple(known, known).map(([a, b]) => a.text.slice(0, 16) + b.text.slice(16)),
    fc
      .tuple(known, fc.nat({ max: 58 }), fc.constantFrom(...letters))
      .map(([{ text }, at, letter]) => text.slice(0, at) + letter + text.slice(at + 1)),
    fc.tuple(known, fc.integer({ min: 1, max: 58 })).map(([{ text }, length]) => text.slice(0, length)),
    fc.tuple(known, fc.string({ minLength: 1 })).map(([{ text }, more]) => text + more),
    known.map(({ text }) => text.toUpperCase()),
    known.map(({ entry }) => entry.hash),
    known.map(({ entry }) => `mk_${entry.id}_${entry.hash.slice(0, 43)}`),
  )

  test('whatever it looks like', () => {
    fc.assert(
      fc.property(guesses, (text) => {
        fc.pre(!texts.has(text))
        expect(book.verdictOn(text, now)).toEqual({
          outcome: 'refused',
          sentence: 'The key is not known here.',
        })
      }),
      { numRuns: 3000 },
    )
  })

  test('and all that was issued is', () => {
    for (const { text } of issued) expect(book.verdictOn(text, now).outcome).toBe('known')
  })
})

describe('a file of keys', () => {
  test('is its owner’s alone, and is changed as a whole', async () => {
    const path = join(folder, 'deep', 'keys.json')
    const { entry } = make()
    await changeKeys(path, (keys) => ({ keys: [...keys, entry], result: undefined }))
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readKeys(path)).toEqual([entry])
    const failing = changeKeys(path, () => {
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await readKeys(path)).toEqual([entry])
  })

  test('loses nothing when several change it: who comes in between is refused', async () => {
    const path = join(folder, 'busy.json')
    const made = Array.from({ length: 8 }, () => make().entry)
    const done = await Promise.allSettled(
      made.map((entry) => changeKeys(path, (keys) => ({ keys: [...keys, entry], result: entry.id }))),
    )
    const taken = done.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    for (const one of done)
      if (one.status === 'rejected')
        expect(String(one.reason)).toMatch(/Another command changes .* try again/)
    expect(taken.length).toBeGreaterThan(0)
    expect((await readKeys(path)).map(({ id }) => id).sort()).toEqual(taken.sort())
  })

  test.each([
    '',
    '{}',
    '[]',
    '{"version":2,"keys":[]}',
    '{"version":1,"keys":[{"id":"x"}]}',
    '{"version":1,"keys":[],"x":1}',
  ])('of another form is refused: %s', async (text) => {
    const path = join(folder, 'wrong.json')
    await writeFile(path, text)
    await expect(readKeys(path)).rejects.toThrow(/wrong\.json is no file of keys/)
  })
})

describe('an authenticator', () => {
  const path = () => join(folder, 'served.json')

  test('sees a new key, and one that is revoked, without a restart', async () => {
    const door = await openAuthenticator({ keys: { kind: 'file', path: path() }, tokens: [] }, () => now)
    const { text, entry } = make()
    const say = () => door.verdictOn(`Bearer ${text}`)
    expect((await say()).outcome).toBe('refused')
    await changeKeys(path(), () => ({ keys: [entry], result: undefined }))
    expect((await say()).outcome).toBe('known')
    const revoked = { ...entry, revoked: new Date(now).toISOString() }
    await changeKeys(path(), () => ({ keys: [revoked], result: undefined }))
    expect(await say()).toMatchObject({ outcome: 'refused', sentence: expect.stringContaining('revoked') })
  })

  test('lets nobody in while the file is broken', async () => {
    const { text, entry } = make()
    await changeKeys(path(), () => ({ keys: [entry], result: undefined }))
    const door = await openAuthenticator({ keys: { kind: 'file', path: path() }, tokens: [] }, () => now)
    expect((await door.verdictOn(`Bearer ${text}`)).outcome).toBe('known')
    const good = await readFile(path())
    await writeFile(path(), good.subarray(0, 20))
    expect((await door.verdictOn(`Bearer ${text}`)).outcome).toBe('unsure')
    await writeFile(path(), good)
    expect((await door.verdictOn(`bearer ${text}`)).outcome).toBe('known')
  })

  test('says what is missing or of another form', async () => {
    const door = await openAuthenticator({ keys: { kind: 'file', path: path() }, tokens: [] }, () => now)
    const sentence = async (header?: string) => {
      const verdict = await door.verdictOn(header)
      return verdict.outcome === 'known' ? 'known' : verdict.sentence
    }
    expect(await sentence()).toMatch(/^Credentials are missing/)
    expect(await sentence('')).toMatch(/^Credentials are missing/)
    expect(await sentence('Basic YTpi')).toMatch(/is not "Bearer"/)
    expect(await sentence(`Bearer ${'x'.repeat(9001)}`)).toMatch(/is not "Bearer"/)
    expect(await sentence('Bearer abc')).toMatch(/no key of Millrace/)
    await expect(openAuthenticator({ tokens: [] })).rejects.toThrow('access names neither keys nor tokens.')
  })

  test('takes keys out of a variable', async () => {
    const { text, entry } = make()
    const held = { reveal: () => JSON.stringify({ version: 1, keys: [entry] }) }
    const door = await openAuthenticator({ keys: { kind: 'text', text: held }, tokens: [] }, () => now)
    expect((await door.verdictOn(`Bearer ${text}`)).outcome).toBe('known')
  })
})
