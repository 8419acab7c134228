import { afterEach, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import { checkpointOf } from '../../support/checkpoint.ts'
import { valueOf } from '../../../engine/component/packed-records.ts'
import { openEmbedded } from '../../../engine/embedded/embedded.ts'
import { type Child, Scratch } from './scratch.ts'

const scratch = new Scratch()
afterEach(() => scratch.clean())

const partitions = 2
const processes = 2

// Appends batches for ever; each line says which of its records are acknowledged by now, and where the last one is.
const appendForEver = `
  const [dir, name] = args
  const { log } = openEmbedded(dir)
  for (let next = 0; ; ) {
    const records = Array.from({ length: 1 + Math.floor(Math.random() * 300) }, (_, index) => {
      const value = Buffer.from(name + ' ' + (next + index) + ' ' + 'x'.repeat(Math.random() * 2000))
      return { topic: 'events', partition: (next + index) % ${partitions}, key: null, value, headers: [], timestamp: 1 }
    })
    const positions = await log.append(records)
    next += records.length
    const { partition, offset } = positions.at(-1)
    console.log(next, partition, offset)
  }`

test('processes that append at once and are killed leave every offset once, and every acknowledged record', async () => {
  const dir = scratch.dir()
  const embedded = openEmbedded(dir)
  await embedded.log.ensureTopic('events', { partitions })
  const killed: { readonly name: string; readonly child: Child }[] = []
  for (let round = 0; round < 6; round++) {
    const children = Array.from({ length: processes }, (_, index) => {
      const name = `${round}.${index}`
      return { name, child: scratch.child(appendForEver, [dir, name]) }
    })
    await Promise.all(children.map(({ child }) => child.printed(3)))
    for (const { child } of children) {
      await delay(Math.random() * 150)
      await child.kill()
    }
    killed.push(...children)
  }

  const found = new Map<string, number[]>()
  for (let partition = 0; partition < partitions; partition++) {
    const { first, end } = await embedded.log.bounds({ topic: 'events', partition })
    expect(first).toBe(0)
    let next = 0
    while (next < end) {
      const { records } = await embedded.log.fetch({ topic: 'events', partition }, next, 5000)
      for (let row = 0; row < records.count; row++) {
        if (records.offsets[row] !== next++)
          throw new Error(`Offset ${records.offsets[row]} where ${next - 1} was due`)
        const [name, number] = valueOf(records, row)!.toString('latin1', 0, 20).split(' ')
        const numbers = found.get(name!) ?? []
        found.set(name!, numbers)
        numbers.push(Number(number))
      }
      expect(records.count).toBeGreaterThan(0)
    }
    expect(next).toBe(end)
  }
  for (const { name, child } of killed) {
    const acknowledged = Number(child.lines.at(-1)!.split(' ')[0])
    const numbers = found.get(name)!.sort((left, right) => left - right)
    // Nothing twice, nothing left out, and no fewer than were acknowledged: a batch takes effect as a whole.
    expect(numbers).toEqual(numbers.map((_, index) => index))
    expect(numbers.length).toBeGreaterThanOrEqual(acknowledged)
  }
  await embedded.close()
})

// Commits for ever, one letter, one block and one step of the position each; says what is acknowledged.
const commitForEver = `
  const [dir, from] = args
  const { backend } = openEmbedded(dir, { worker: true })
  for (let done = Number(from), sequence = 1; ; sequence++) {
    done++
    const value = Buffer.from(String(done))
    const { outcome } = await backend.commit({ sequence, tasks: [{
      task: 'orders/0', partition: 0, epoch: 1, group: 'orders', expired: [], outputs: [],
      positions: [{ topic: 'input', partition: 0, offset: done, metadata: 'x'.repeat(3000) }],
      blocks: [{ store: 'ids', bucket: 1, bytes: Buffer.concat([value, Buffer.alloc(Math.random() * 200000)]) }],
      records: [{ topic: 'letters', partition: 0, key: null, value, headers: [], timestamp: 1 }],
    }] })
    if (outcome !== 'committed') throw new Error(outcome)
    console.log(done)
  }`

test('a worker that is killed leaves whole commits', async () => {
  const dir = scratch.dir()
  const embedded = openEmbedded(dir)
  await embedded.log.ensureTopic('letters')
  const input = { topic: 'input', partition: 0 }
  let done = 0
  for (let round = 0; round < 12; round++) {
    const child = scratch.child(commitForEver, [dir, String(done)])
    await child.printed(2)
    await delay(Math.random() * 100)
    await child.kill()
    const acknowledged = Number(child.lines.at(-1))
    const { positions, blocks } = await checkpointOf(
      embedded.backend,
      { task: 'orders/0', partition: 0, group: 'orders' },
      [input],
      ['ids'],
    )
    done = positions[0]!.offset
    expect(done).toBeGreaterThanOrEqual(acknowledged)
    expect(done).toBeLessThanOrEqual(acknowledged + 1)
    expect(blocks).toHaveLength(done)
    const { records: letters } = await embedded.log.fetch({ topic: 'letters', partition: 0 }, 0, 1_000_000)
    const values = Array.from({ length: letters.count }, (_, row) =>
      Number(valueOf(letters, row)!.toString()),
    )
    expect(values).toEqual(Array.from({ length: done }, (_, index) => index + 1))
  }
  await embedded.close()
})
