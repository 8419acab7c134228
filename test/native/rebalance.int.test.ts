import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { fill } from './support/fill.ts'
import { filledTopic } from './support/filled.ts'
import { protocols, quicken } from './support/protocols.ts'
import { closeAll, nameOf, PolledReader, type PolledOptions } from './support/polled-reader.ts'

let kafka: SharedKafka

beforeAll(async () => {
  kafka = await sharedKafka()
})

afterEach(closeAll)

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

describe.each(Object.entries(protocols))('%s', (protocol, ofProtocol) => {
  const eager = protocol === 'eager'

  const filled = (count: number, partitions: number) => filledTopic(kafka, protocol, { count, partitions })

  async function newGroup(): Promise<string> {
    const group = kafka.uniqueGroup()
    if (protocol === 'consumer') await quicken(kafka.bootstrap, group)
    return group
  }

  const member = (group: string, options: PolledOptions = {}, settings = {}) =>
    PolledReader.open(
      { 'bootstrap.servers': kafka.bootstrap, 'group.id': group, ...ofProtocol, ...settings },
      options,
    )

  test('two members share the partitions, and what one leaves the other takes', async () => {
    const topic = await filled(50, 4)
    const group = await newGroup()
    const one = await member(group)
    await one.reader.subscribe([topic])
    await one.until(() => one.owned.size === 4 && one.seen.length === 200, 'all partitions and all records')
    const assigned = await one.event('assigned', (event) => event.partitions.length > 0)
    expect(assigned.protocol).toBe(eager ? 'eager' : 'cooperative')
    const alone = await one.reader.groupMetadata()
    expect(alone.memberId).not.toBe('')
    expect(alone.generation).toBeGreaterThan(0)
    const two = await member(group)
    await two.reader.subscribe([topic])
    await two.until(() => two.owned.size === 2, 'its half')
    await one.until(() => one.owned.size === 2, 'the other half')
    expect(new Set([...one.owned, ...two.owned]).size).toBe(4)
    const both = await one.reader.groupMetadata()
    expect(both.generation).toBeGreaterThan(alone.generation)
    expect(both.memberId).toBe(alone.memberId)
    if (!eager) expect((await one.event('revoked')).partitions).toHaveLength(2)
    await two.close()
    await one.until(() => one.owned.size === 4, 'all partitions again')
    await one.reader.unsubscribe()
    await one.until(() => one.owned.size === 0, 'none')
    expect(await one.reader.assignment()).toEqual([])
  })

  test('a revocation waits for the last unassign: meanwhile nothing is delivered and nobody else owns anything', async () => {
    const topic = await filled(2000, 4)
    const group = await newGroup()
    const one = await member(group, {
      answer: false,
      maxBytes: 2000,
      batchBytes: 2000,
      onEvent: async (event, self) => {
        if (event.type === 'assigned')
          await self.reader.assign(event.partitions.map((partition) => ({ ...partition, offset: 0 })))
      },
    })
    await one.reader.subscribe([topic])
    await one.until(() => one.seen.length > 100, 'records')
    const two = await member(group)
    await two.reader.subscribe([topic])
    const { partitions } = await one.event('revoked')
    expect(partitions).toHaveLength(eager ? 4 : 2)
    const taken = new Set(partitions.map(nameOf))
    for (const partition of partitions.slice(0, -1)) {
      await one.reader.unassign([partition])
      await one.reader.commit([{ ...partition, offset: 5 }])
    }
    await one.morePolls(5)
    expect(two.owned.size).toBe(0)
    await one.reader.commit([{ ...partitions.at(-1)!, offset: 7 }])
    const after = one.events.slice(one.events.findIndex((event) => event.type === 'revoked'))
    const late = after.filter((event) => event.type === 'records' && taken.has(nameOf(event.records)))
    expect(late).toEqual([])
    await one.reader.unassign(partitions.slice(-1))
    await two.until(() => two.owned.size === 2, 'its half')
    // It goes on where the last owner had committed.
    for (const name of two.owned) {
      const partition = Number(name.split('/')[1])
      await two.until(() => two.offsetsOf(topic, partition).length > 0, 'its records')
      expect(two.offsetsOf(topic, partition)[0]).toBe(partition === partitions.at(-1)!.partition ? 7 : 5)
    }
  })

  test('partitions that the group did not give are read before, during and after rebalances', async () => {
    const topic = await filled(100, 4)
    const partner = await filled(3000, 3)
    const group = await newGroup()
    const one = await member(group)
    // Before there is a group, and then as the only reader of all three.
    await one.reader.assign([{ topic: partner, partition: 0, offset: 'beginning' }])
    await one.until(() => one.offsetsOf(partner, 0).length === 3000, 'the first partner')
    await one.reader.subscribe([topic])
    await one.until(() => one.owned.size === 4, 'the group')
    await one.reader.assign([{ topic: partner, partition: 1, offset: 1000 }])
    await one.until(() => one.offsetsOf(partner, 1).length === 2000, 'the second partner')
    const two = await member(group)
    await two.reader.subscribe([topic])
    await two.until(() => two.owned.size === 2, 'a second member')
    await one.until(() => one.owned.size === 2, 'and the first one has the rest')
    await fill(kafka.bootstrap, partner, { count: 100, partitions: 3, from: 5000 })
    await one.until(
      () => one.offsetsOf(partner, 0).length === 3100 && one.offsetsOf(partner, 1).length === 2100,
      'the partners after the rebalance',
    )
    expect(one.offsetsOf(partner, 0)).toEqual(range(0, 3100))
    expect(one.offsetsOf(partner, 1)).toEqual(range(1000, 3100))
    await one.reader.unassign([{ topic: partner, partition: 0 }])
    await one.reader.commit([{ topic: partner, partition: 1, offset: 3100, metadata: 'partner' }])
    expect(await two.reader.committed([{ topic: partner, partition: 1 }])).toMatchObject([{ offset: 3100 }])
    await two.close()
    await one.until(() => one.owned.size === 4, 'all partitions again')
    await fill(kafka.bootstrap, partner, { count: 10, partitions: 3, from: 9000 })
    await one.until(() => one.offsetsOf(partner, 1).length === 2110, 'the partner that is left')
    expect(one.offsetsOf(partner, 0)).toHaveLength(3100)
    expect(one.offsetsOf(topic, 0).length).toBeGreaterThan(0)
    for (const partition of range(0, 4))
      expect(new Set(one.offsetsOf(topic, partition))).toEqual(new Set(range(0, 100)))
  })

  test('partners may come and go while a revocation is pending, and do not answer it', async () => {
    const topic = await filled(100, 2)
    const partner = await filled(500, 3)
    const group = await newGroup()
    const one = await member(group, {
      answer: false,
      onEvent: async (event, self) => {
        if (event.type === 'assigned')
          await self.reader.assign(
            event.partitions.map((partition) => ({ ...partition, offset: 'beginning' })),
          )
      },
    })
    await one.reader.assign([{ topic: partner, partition: 0, offset: 'beginning' }])
    await one.reader.subscribe([topic])
    await one.until(() => one.owned.size === 2 && one.offsetsOf(partner, 0).length === 500, 'both')
    const two = await member(group)
    await two.reader.subscribe([topic])
    const { partitions } = await one.event('revoked')
    await one.reader.unassign([{ topic: partner, partition: 0 }])
    await one.reader.assign([{ topic: partner, partition: 1, offset: 'beginning' }])
    await one.reader.assign([{ topic: partner, partition: 2, offset: 'end' }])
    await one.reader.unassign([{ topic: partner, partition: 2 }])
    await one.until(() => one.offsetsOf(partner, 1).length === 500, 'the partner that came')
    await expect(one.reader.assign([{ ...partitions[0]!, offset: 0 }])).rejects.toMatchObject({
      class: 'lost',
    })
    expect(two.owned.size).toBe(0)
    await one.reader.unassign(partitions)
    await two.until(() => two.owned.size === 1, 'its share')
    await one.until(
      () => one.events.filter((event) => event.type === 'assigned').length >= (eager ? 2 : 1),
      'the rest',
    )
    await fill(kafka.bootstrap, partner, { count: 10, partitions: 3, from: 1000 })
    await one.until(() => one.offsetsOf(partner, 1).length === 510, 'the partner after the rebalance')
    expect(one.offsetsOf(partner, 0)).toHaveLength(500)
    expect(one.offsetsOf(partner, 1)).toEqual(range(0, 510))
    expect(one.offsetsOf(partner, 2)).toEqual([])
  })
})
