import { expect, jest, test } from '@jest/globals'
import { Delivery } from '../../producer/delivery.ts'
import { recordSize } from '../../producer/size.ts'
import { Spooling } from '../../producer/spooling.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Disk, FakeSpool } from './fake-spool.ts'
import { FakeTarget } from './fake-target.ts'

// A delivery that is left behind leaves its timer, which would keep this process.
jest.spyOn(globalThis, 'setInterval').mockImplementation(() => undefined as never)

function open(disk = new Disk()) {
  const clock = new FakeClock()
  const target = new FakeTarget()
  const troubles: string[] = []
  const trouble = (sentence: string): void => void troubles.push(sentence)
  const delivery = new Delivery({
    target,
    spooling: new Spooling(new FakeSpool(disk), { limit: 100_000, sizeOf: recordSize, trouble }),
    records: 100,
    bytes: 100_000,
    whenFull: 'wait',
    whenAway: 'wait',
    awayAfterMs: 1000,
    clock,
    sizeOf: recordSize,
    trouble,
  })
  const offer = (text: string, wantsPosition = false) =>
    delivery.offer(
      { topic: 't', key: null, value: Buffer.from(text), headers: [], timestamp: 1 },
      wantsPosition,
    )
  return { clock, target, delivery, offer, troubles, disk }
}

async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve))
}

const texts = (disk: Disk): string[] => disk.records.map(({ value }) => value!.toString())

test('what is under way and what waits in memory is safe on disk as soon as the target counts as away', async () => {
  const { clock, target, offer, disk } = open()
  target.be('hangs')
  const flying = offer('flying')
  await turns(3)
  const waiting = offer('waiting')
  await turns(3)
  expect(texts(disk)).toEqual([])
  clock.advance(1000)
  expect(await Promise.all([flying.safe, waiting.safe])).toEqual([{ in: 'spool' }, { in: 'spool' }])
  const later = offer('later')
  expect(await later.safe).toEqual({ in: 'spool' })
  expect(texts(disk)).toEqual(['flying', 'waiting', 'later'])
})

test('a record of nobody that no topic takes is not passed before the disk has it set aside', async () => {
  const disk = new Disk()
  disk.records.push({ topic: 't', key: null, value: Buffer.from('bad'), headers: [], timestamp: 1 })
  disk.full = true
  const { clock, delivery, troubles } = open(disk)
  for (let n = 0; n < 20; n++) {
    await turns(3)
    clock.advance(500)
  }
  expect([disk.head, disk.aside.length, delivery.refused]).toEqual([0, 0, 0])
  expect(troubles).toContain('A record cannot be set aside (The record is too large.): The disk is full.')
  disk.full = false
  for (let n = 0; n < 20; n++) {
    await turns(3)
    clock.advance(5000)
  }
  expect([disk.head, disk.aside.length, delivery.refused]).toEqual([1, 1, 1])
})

test('what is left at the close is told to those who wait, and stays on disk', async () => {
  const { clock, target, delivery, offer, disk } = open()
  target.be('hangs')
  const flying = offer('flying', true)
  await turns(3)
  const waiting = offer('waiting', true)
  // A client that is closed fails what it has under way.
  const closed = delivery.close(10, async () => target.be('fails'))
  clock.advance(10)
  const outcomes = Promise.allSettled([flying.written, waiting.written])
  await closed
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({
      reason: { code: 'PRODUCER_CLOSED', message: expect.stringContaining('it is in the spool') },
    })
  expect(texts(disk)).toEqual(['flying', 'waiting'])
})
