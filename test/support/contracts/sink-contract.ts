import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { WriteBatch } from '../../../engine/component/index.ts'
import { Bench, expectSentence, type SinkHarness, type Value } from './sink-bench.ts'

const cases: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  'stores every record once, in order, before it acknowledges it': async (bench) => {
    for (const count of [40, 1, 25]) {
      await bench.writeAll(bench.several(count))
      await bench.check()
    }
  },
  'leaves the same when a batch is written again, or everything twice if it says so': async (bench) => {
    const { definition, stored } = bench.harness
    const entries = bench.several(12)
    await bench.writeAll(entries)
    const before = await stored()
    await bench.writeAll(entries)
    if (definition.idempotent) expect(await stored()).toEqual(before)
    else await bench.check([...entries, ...entries])
  },
  'a refused record fails no other': async (bench) => {
    for (const _ of bench.harness.spoil) await bench.writeKeys('a b! c')
  },
  'an undecodable value fails no other record': async (bench) => {
    const entries = ['a', 'broken', 'c'].map((key) => bench.entry(key))
    entries[1] = { ...entries[1]!, bytes: Buffer.from('{"id":') }
    const [first, , last] = await bench.write(entries)
    expect([first, last]).toEqual(['stored', 'stored'])
    const ids = (await bench.harness.stored()).map(({ id }) => id)
    for (const n of [0, 2]) expect(ids.filter((id) => id === entries[n]!.id)).toHaveLength(1)
  },
  'leaves those behind a refused record of their key untried, and stores those before it': async (bench) => {
    if (bench.harness.writer.order !== 'batch' || bench.harness.spoil.length === 0) return
    const entries = await bench.writeKeys('a b a! a b a! a')
    // Once the refused ones are out of the way, those that were untried are stored for the first time.
    await bench.writeAll([entries[3]!, entries[6]!])
    await bench.check()
  },
  'stores a tombstone as one, or refuses it': async (bench) => {
    await bench.writeKeys('a b~ c')
  },
  'stores records without key, which hold nobody back': async (bench) => {
    await bench.writeKeys(bench.harness.spoil.length > 0 ? '- -! - -' : '- - -')
  },
  'writes the values that nodes made, also of a part of a run': async (bench) => {
    const entries = bench.several(9)
    const batch = bench.run(entries, true).select(Int32Array.of(1, 2, 5, 8), 4)
    const picked = [1, 2, 5, 8].map((i) => entries[i]!)
    await bench.writeAll(picked, new WriteBatch(batch))
    await bench.check()
  },
  'rounds no whole number beyond 2^53': async (bench) => {
    const exact = bench.entry('a', 'good', { n: 2n ** 53n + 1n })
    const [outcome] = await bench.write([exact], new WriteBatch(bench.run([exact], true)))
    const [first] = await bench.harness.stored()
    if (outcome === 'refused' || first?.value === undefined) return
    expect(String((first.value as Value).n)).toBe('9007199254740993')
  },
  'drops on purpose without holding the key back': async (bench) => {
    const { dropsBefore, writer } = bench.harness
    if (dropsBefore === undefined) return
    const old = bench.entry('a', 'good', { time: dropsBefore })
    const entries = [old, bench.entry(writer.order === 'batch' ? 'a' : 'b')]
    expect(await bench.write(entries)).toEqual(['dropped', 'stored'])
    await bench.check()
  },
  'keeps headers whatever their names are': async (bench) => {
    const named = ['trace', 'constructor', 'toString', '__proto__', 'naïve', 'trace']
    const headers = named.map((name, n) => ({ name, value: Buffer.from(`value ${n}`) }))
    const odd = [...headers, { name: '', value: Buffer.alloc(0) }, { name: 'none', value: null }]
    await bench.writeAll([bench.entry('a', 'good', { headers: odd }), bench.entry('b')])
    await bench.check()
  },
  'takes records that were picked from several runs': async (bench) => {
    const [one, two] = [bench.several(6), bench.several(6, 1)]
    const [first, second] = [bench.run(one), bench.run(two, true)]
    const batch = new WriteBatch()
    batch.push(first, 4)
    batch.push(second, 0)
    for (const alone of [first.detached(5), second.only(3), second.detached(5)]) batch.push(alone, 0)
    await bench.writeAll([one[4]!, two[0]!, one[5]!, two[3]!, two[5]!], batch)
    await bench.check()
  },
  'takes several whole runs in one call': async (bench) => {
    const [one, two, three] = [bench.several(4), bench.several(5, 1), bench.several(3, 2)]
    const parts = [bench.run(one), bench.run(two), bench.run(three)]
    await bench.writeAll([...one, ...two, ...three], new WriteBatch(...parts))
    await bench.check()
  },
  'names the refused of several whole runs': async (bench) => {
    if (bench.harness.spoil.length === 0) return
    const one = [bench.entry('a'), bench.entry('b')]
    const two = [bench.entry('c'), bench.entry('d', 'bad'), bench.entry('e')]
    const batch = new WriteBatch(bench.run(one), bench.run(two))
    const outcomes = await bench.write([...one, ...two], batch)
    expect(outcomes).toEqual(['stored', 'stored', 'stored', 'refused', 'stored'])
    await bench.check()
  },
  'says limits that make sense, and keeps to them': async (bench) => {
    const { order, maxBatch, concurrency } = bench.harness.writer
    expect(['batch', 'record']).toContain(order)
    const sane = (limit: number) => Number.isInteger(limit) && limit >= 1 && limit <= 100_000
    expect([maxBatch, concurrency].filter(sane)).toHaveLength(2)
    if (order === 'batch') expect(concurrency).toBe(1)
    await bench.writeAll(bench.several(maxBatch))
    expect(await bench.write([])).toEqual([])
    await bench.check()
  },
  'keeps batches apart that several tasks write at once': async (bench) => {
    const { stored, unordered } = bench.harness
    const tasks = [0, 1, 2, 3].map((partition) => bench.several(10, partition))
    await Promise.all(tasks.map((entries) => bench.writeAll(entries)))
    await bench.check(tasks.flat(), true)
    if (unordered === true) return
    const order = (await stored()).map(({ id }) => id)
    for (const entries of tasks) {
      const places = entries.map(({ id }) => order.indexOf(id))
      expect(places).toEqual([...places].sort((one, other) => one - other))
    }
  },
  'neither changes a batch nor needs it once it has answered': async (bench) => {
    const entries = bench.several(20)
    const run = bench.run(entries)
    const { bytes } = run.origin.records
    const before = Buffer.from(bytes)
    await bench.writeAll(entries, new WriteBatch(run))
    expect(bytes.equals(before)).toBe(true)
    bytes.fill(0)
    await bench.check()
  },
  'may be closed twice': async (bench) => {
    await bench.writeAll(bench.several(3))
    for (let turn = 0; turn < 2; turn++) await bench.harness.writer.close()
    await bench.check()
  },
  'fails in one sentence where the store was closed, and stores nothing': async (bench) => {
    const { shut, writer } = bench.harness
    if (shut === undefined) return
    await bench.writeAll(bench.several(3))
    await shut()
    const late = new WriteBatch(bench.run(bench.several(3)))
    // Sinks may throw, reject, or refuse each record.
    const write = async () => writer.write(late)
    const failed: unknown = await write().catch((error: unknown) => ({ error }))
    const { error } = (Array.isArray(failed) ? failed[0] : failed) as { readonly error?: unknown }
    expectSentence(error)
    expect(['downstream', 'fatal']).toContain(error.kind)
    await bench.check()
  },
  'answers truly where the store closes in the middle of a write': async (bench) => {
    const { shut, stored } = bench.harness
    if (shut === undefined) return
    const entries = bench.several(50)
    const writing = bench.write(entries).catch(expectSentence)
    await shut()
    if ((await writing) !== undefined) return bench.check()
    const ids = entries.map(({ id }) => id)
    for (const { id } of await stored()) expect(ids).toContain(id)
  },
  'answers for each record of any batch': async (bench) => {
    const { spoil, writer } = bench.harness
    const kind = fc.constantFrom('', '', '~', ...(spoil.length > 0 ? ['!'] : []))
    const word = fc.tuple(fc.constantFrom(...'abcd--'), kind).map((parts) => parts.join(''))
    // Where a batch may not hold a key twice, only `-` comes twice.
    const unique = { maxLength: 25, selector: (text: string) => (text.startsWith('-') ? {} : text[0]) }
    const words = writer.order === 'batch' ? fc.array(word, { maxLength: 25 }) : fc.uniqueArray(word, unique)
    const property = fc.asyncProperty(words, async (given) => void (await bench.writeKeys(given.join(' '))))
    // The store goes on from one batch to the next, so that a failure cannot be shrunk.
    await fc.assert(property, { numRuns: 25, endOnFailure: true })
  },
}

/** The promises one by one, so that a test can show that broken sinks break them. */
export const sinkCases: readonly (readonly [title: string, run: (harness: SinkHarness) => Promise<void>])[] =
  Object.entries(cases).map(([title, run]) => [title, (harness) => run(new Bench(harness))])

/**
 * What every sink promises (engine/component/contracts/sink.ts). `make` is called for each test, for an environment of its
 * own. `defects` are titles of promises that the sink is known to break: such a test fails as soon as it keeps them.
 */
export function sinkContract(name: string, make: () => Promise<SinkHarness>, defects: string[] = []): void {
  describe(`${name} keeps the sink contract`, () => {
    jest.setTimeout(20_000)
    let harness: SinkHarness

    beforeEach(async () => {
      harness = await make()
    })
    afterEach(() => harness.close())

    for (const [title, run] of sinkCases) {
      const register = defects.includes(title) ? test.failing : test
      register(title, () => run(harness))
    }
  })
}
