// What docs/guide/backfill.md shows is so: its commands run over its topology, and so do the steps to a new table.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { Folder } from '../cli/full-command-line.ts'
import { blocksOf } from '../docs/blocks.ts'

jest.setTimeout(60_000)

const page = 'docs/guide/backfill.md'
const blocks = blocksOf(page)
const textOf = (language: string) => blocks.find((block) => block.language === language)!.text
const file = 'topologies/store.yaml'

const query = (table: string): string => `-- summary: The orders of a customer.
-- param customer text  whose orders
SELECT id, total FROM ${table} WHERE customer = :customer;
`

let folder: Folder
beforeAll(async () => {
  folder = new Folder()
  folder.write('schemas/.keep', '')
  const [live, side] = textOf('cql').trim().split('\n')
  folder.write('cql/0001-orders.cql', `${live}\n`)
  folder.write('cql/0002-orders-v2.cql', `${side}\n`)
  folder.write('cql/queries/side.cql', query('orders_by_customer_v2'))
  folder.write(file, textOf('yaml'))
  const lines = Array.from({ length: 20 }, (_, n) => ({ id: `o${n}`, customer: 'ada', total: n - 1 }))
  folder.write('orders.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  expect(await folder.run('produce orders --raw --key customer --file orders.jsonl')).toMatchObject({
    code: 0,
  })
  expect(await folder.run(`run ${file} --until-end`)).toMatchObject({ code: 0 })
})
afterAll(() => folder.remove())

async function side(): Promise<number> {
  const { rows } = await folder.json<{ rows: unknown[] }>('query side customer=ada')
  return rows.length
}

test('its commands run one after the other, and do what it says', async () => {
  // Mended: with the file as it was, the first order is parked, and all others of its key behind it.
  folder.write(file, textOf('yaml').replace('min: 0', 'min: -1'))
  const lines = textOf('sh').trim().split('\n')
  expect(lines.length).toBeGreaterThan(6)
  const said: string[] = []
  for (const line of lines) {
    const ran = await folder.run(line.replace('millrace ', ''))
    expect([line, ran]).toEqual([line, expect.objectContaining({ code: 0 })])
    said.push(...ran.out, ...ran.err)
    if (line.endsWith('--dry-run')) expect(await side()).toBe(0)
  }
  expect(await side()).toBe(20)
  const text = said.join('\n')
  expect(text).toContain('as mended')
  expect(text).toContain('is complete. 20 records: 20 stored')
  expect(text).toContain('What the replay has written to tables and topics stays.')
})

test('a new table beside the old one: writers, the past, a comparison', async () => {
  const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8')
  const [, words] = /`millrace (replay [^`]*--only rows-v2[^`]*)`/.exec(text)!
  const sink = '  rows-v2: { type: table, from: unique, table: orders_by_customer_v2 }\n'
  const another = new Folder()
  try {
    for (const name of ['cql/0001-orders.cql', 'cql/0002-orders-v2.cql', 'orders.jsonl', 'schemas/.keep'])
      another.write(name, readFileSync(join(folder.path, name), 'utf8'))
    const mended = textOf('yaml').replace('min: 0', 'min: -1')
    another.write(file, mended)
    await another.run('produce orders --raw --key customer --file orders.jsonl')
    await another.run(`run ${file} --until-end`)
    another.write(file, `${mended}${sink}`)
    expect(await another.run(`run ${file} --until-end`)).toMatchObject({ code: 0 })
    expect((await another.run(`reconcile ${file}`)).code).toBe(1)
    expect(await another.run(words!)).toMatchObject({ code: 0 })
    expect((await another.run(`reconcile ${file}`)).code).toBe(0)
  } finally {
    another.remove()
  }
})
