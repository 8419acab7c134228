import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { Lookup, Row } from '../../../engine/component/contracts/lookup.ts'
import type { TableRow, Tables } from '../../../engine/component/contracts/tables.ts'
import { MillraceError } from '../../../engine/errors.ts'

/** The table that the contract reads; `make` sees to it that it exists. */
export const lookupMigration = `
CREATE TABLE contract_rows (shop text, number int, code blob, name text, tags list<text>, counts map<text, int>,
  picture blob, born timestamp, PRIMARY KEY ((shop, number), code));
CREATE TABLE contract_names (id text PRIMARY KEY, name text);
`

/** Tables under test. Every test gets empty ones. */
export interface LookupHarness {
  readonly tables: Tables
  /** Writes as another process would. */
  writeBeside(rows: readonly TableRow[]): Promise<void>
  /** The tables' clock goes on by so many seconds. */
  pass(seconds: number): void | Promise<void>
  /** Whatever holds the rows goes away. */
  shut(): Promise<void>
  close(): Promise<void>
}

const code = (): Buffer => Buffer.from([1, 2, 3])
const key = (): Row => ({ shop: 'north', number: 7, code: code() })
const values = () => ({
  name: 'Ada',
  tags: ['one', 'two'],
  counts: { a: 1 },
  picture: Buffer.from([9, 8, 7]),
  born: 1_700_000_000_000,
})
const whole = {
  ...{ shop: 'north', number: 7, code: code(), name: 'Ada', tags: ['one', 'two'] },
  ...{ counts: new Map([['a', 1]]), picture: Buffer.from([9, 8, 7]), born: 1_700_000_000_000 },
}

/** What every `Lookup` of a table promises. `make` is called for each test. */
export function lookupContract(
  name: string,
  make: () => Promise<LookupHarness>,
  defects: readonly string[] = [],
): void {
  describe(`${name} keeps the lookup contract`, () => {
    jest.setTimeout(20_000)
    let harness: LookupHarness
    let lookup: Lookup
    let micros = 1_700_000_000_000_000

    beforeEach(async () => {
      harness = await make()
      lookup = harness.tables.lookup('contract_rows')
    })
    afterEach(() => harness.close())

    const promise = (title: string, run: () => Promise<void>): void => {
      const register = defects.includes(title) ? test.failing : test
      register(title, run)
    }
    const row = (more: Row = values(), parts: Partial<TableRow> = {}): TableRow => {
      return {
        table: 'contract_rows',
        values: { ...key(), ...more },
        timestampMicros: ++micros,
        mode: 'insert',
        ...parts,
      }
    }
    const write = async (...rows: TableRow[]): Promise<void> => {
      for (const { outcome } of await harness.tables.write(rows)) expect(outcome).toBe('stored')
    }
    const failure = async (work: () => unknown): Promise<MillraceError> => {
      const error: unknown = await (async () => work())().then(
        (answer) => expect(answer).toBe('an error'),
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(MillraceError)
      expect((error as Error).message).toMatch(/^[^\n]+\.$/)
      return error as MillraceError
    }

    promise('names the columns of the key, in order', async () => {
      expect(lookup.key).toEqual(['shop', 'number', 'code'])
      expect(harness.tables.lookup('contract_names').key).toEqual(['id'])
    })

    promise('refuses a table that no migration makes at once, not at the first row', async () => {
      const error = await failure(() => harness.tables.lookup('contract_nothing'))
      expect([error.kind, error.code]).toEqual(['fatal', 'TABLE_UNKNOWN'])
    })

    promise('answers undefined where there is no row', async () => {
      expect(await lookup.get(key())).toBeUndefined()
      await write(row())
      expect(await lookup.get({ ...key(), number: 8 })).toBeUndefined()
      expect(await lookup.get({ ...key(), code: Buffer.alloc(0) })).toBeUndefined()
    })

    promise('answers every column of the row, null where there is no value', async () => {
      await write(row(), row({}, { values: { ...key(), number: 8, name: 'Bob' } }))
      expect(await lookup.get(key())).toEqual(whole)
      const empty = { tags: null, counts: null, picture: null, born: null }
      expect(await lookup.get({ ...key(), number: 8 })).toEqual({
        ...whole,
        number: 8,
        name: 'Bob',
        ...empty,
      })
    })

    promise('needs every column of the key', async () => {
      await write(row())
      for (const name of lookup.key) {
        for (const missing of [undefined, null]) {
          const error = await failure(() => lookup.get({ ...key(), [name]: missing }))
          expect(error.kind).toBe('permanent')
          expect(error.message).toContain(name)
        }
      }
      expect((await failure(() => lookup.get({}))).kind).toBe('permanent')
    })

    promise('a key of a wrong type is a permanent error, and changes nothing', async () => {
      await write(row())
      const wrong: Row[] = [
        { shop: 5 },
        { number: 'seven' },
        { number: 7.5 },
        { number: 2 ** 31 },
        { code: 'text' },
      ]
      for (const part of wrong) {
        const error = await failure(() => lookup.get({ ...key(), ...part }))
        expect(error.kind).toBe('permanent')
        expect(error.message).toContain(Object.keys(part)[0])
      }
      expect(await lookup.get(key())).toEqual(whole)
    })

    promise('takes a value of the key in any form that a write takes', async () => {
      await write(row())
      expect(await lookup.get({ ...key(), number: 7n })).toEqual(whole)
      expect(await lookup.get({ ...key(), code: new Uint8Array(code()) })).toEqual(whole)
    })

    promise(
      'sees a row as soon as it is written, changed or gone, also one that it missed before',
      async () => {
        expect(await lookup.get(key())).toBeUndefined()
        await write(row())
        expect(await lookup.get(key())).toMatchObject({ name: 'Ada' })
        await write(row({ name: 'Eve' }, { mode: 'update' }))
        expect(await lookup.get(key())).toEqual({ ...whole, name: 'Eve' })
        await write(row({ name: null, tags: null }, { mode: 'update' }))
        expect(await lookup.get(key())).toEqual({ ...whole, name: null, tags: null })
        expect(await harness.tables.lookup('contract_rows').get(key())).toEqual({
          ...whole,
          name: null,
          tags: null,
        })
      },
    )

    promise('does not see a row that has outlived its time', async () => {
      await write(row(values(), { ttlSeconds: 5 }))
      expect(await lookup.get(key())).toBeDefined()
      await harness.pass(6)
      expect(await lookup.get(key())).toBeUndefined()
    })

    promise('sees in the end what another process writes', async () => {
      expect(await lookup.get(key())).toBeUndefined()
      await harness.writeBeside([row()])
      // The limit of the test is the only one: it need not be at once.
      while ((await lookup.get(key())) === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(await lookup.get(key())).toEqual(whole)
    })

    promise('what is done to a row that was answered changes no other answer', async () => {
      await write(row())
      const first = (await lookup.get(key())) as Record<string, unknown>
      ;(first['tags'] as string[]).push('three')
      ;(first['counts'] as Map<string, number>).set('b', 2)
      ;(first['picture'] as Buffer).fill(0)
      first['name'] = 'Mallory'
      delete first['born']
      expect(await lookup.get(key())).toEqual(whole)
    })

    promise('what is done to written values afterwards changes no row', async () => {
      const given = { ...key(), code: code(), ...values() }
      await write(row({}, { values: given }))
      given.tags.push('three')
      given.picture.fill(0)
      given.code.fill(0)
      given.counts.a = 2
      expect(await lookup.get(key())).toEqual(whole)
    })

    promise('what is done to a key afterwards changes no row that was answered', async () => {
      await write(row())
      const asked = Object.freeze(key())
      const answered = await lookup.get(asked)
      ;(asked['code'] as Buffer).fill(0)
      expect(answered).toEqual(whole)
      expect(await lookup.get(key())).toEqual(whole)
    })

    promise('fails in one sentence, downstream or fatal, once what holds the rows is away', async () => {
      await write(row())
      await harness.shut()
      for (const asked of [key(), { ...key(), number: 8 }]) {
        // A row that is in memory may still be answered.
        const answer = await Promise.resolve()
          .then(() => lookup.get(asked))
          .catch((error: unknown) => error)
        if (asked['number'] === 7 && !(answer instanceof Error)) expect(answer).toEqual(whole)
        else expect(['downstream', 'fatal']).toContain((await failure(() => lookup.get(asked))).kind)
      }
    })
  })
}
