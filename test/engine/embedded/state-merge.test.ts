import { afterEach, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkpointOf } from '../../support/checkpoint.ts'
import { openEmbedded } from '../../../engine/embedded/embedded.ts'

const dir = mkdtempSync(join(tmpdir(), 'millrace-merge-'))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('small state blocks are merged, and come back one by one in their order', async () => {
  const store = openEmbedded(dir, { worker: true })
  const written: string[] = []
  for (let sequence = 1; sequence <= 700; sequence++) {
    const bucket = 5 + Math.floor(sequence / 200)
    const block = { store: 'unique', bucket, bytes: Buffer.from(`block ${sequence}`) }
    written.push(`${bucket} block ${sequence}`)
    const task = {
      task: 't/0/0',
      epoch: 1,
      group: 't',
      positions: [],
      blocks: [block],
      expired: [],
      partition: 0,
      records: [],
      outputs: [],
    }
    expect((await store.backend.commit({ sequence, tasks: [task] })).outcome).toBe('committed')
    if (sequence % 90 === 0) while (store.tidy());
  }
  while (store.tidy());
  const rows = store.tablesDb.prepare('SELECT count(*) AS n FROM millrace_state').get() as unknown as
    [number] | { n: number }
  expect(Array.isArray(rows) ? rows[0] : rows.n).toBeLessThan(4 * 3 * 16)
  const checkpoint = await checkpointOf(
    store.backend,
    { task: 't/0/0', partition: 0, group: 't' },
    [],
    ['unique'],
  )
  expect(checkpoint.blocks.map(({ bucket, bytes }) => `${bucket} ${Buffer.from(bytes).toString()}`)).toEqual(
    written,
  )
  await store.close()
})
