// Members of a group on a real broker, in both protocols: partners, rebalances, losses, identities.

import { afterEach, beforeAll, afterAll, describe, expect, test } from '@jest/globals'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import type { MemberOptions } from '../../../engine/kafka/member.ts'
import { quicken } from '../../native/support/protocols.ts'
import { sharedKafka, type SharedKafka } from '../../support/servers/shared.ts'
import { plain } from '../../support/contracts/source-driver.ts'
import { settingsFor } from './kafka-settings.ts'
import { closeMembers, PolledMember, type PolledOptions } from './polled-member.ts'

let kafka: SharedKafka
let log: KafkaLog

beforeAll(async () => {
  kafka = await sharedKafka()
  log = new KafkaLog({ settings: settingsFor(kafka.bootstrap), onTrouble: () => undefined })
})
afterEach(closeMembers)
afterAll(async () => {
  await log.close()
  await kafka.reset()
})

async function topicOf(partitions: number, each = 0): Promise<string> {
  const topic = kafka.uniqueTopic()
  await kafka.createTopic(topic, { partitions })
  for (let partition = 0; partition < partitions; partition++) await log.append(plain(topic, each, partition))
  return topic
}

describe.each(['consumer', 'classic'] as const)('%s', (protocol) => {
  async function newGroup(): Promise<string> {
    const group = kafka.uniqueGroup()
    if (protocol === 'consumer') await quicken(kafka.bootstrap, group)
    return group
  }

  const member = (
    options: Omit<MemberOptions, 'settings' | 'onTrouble'>,
    polled: PolledOptions = {},
    settings: Record<string, string | number> = {},
    instance?: string,
  ): Promise<PolledMember> =>
    PolledMember.open(
      {
        ...options,
        settings: settingsFor(kafka.bootstrap, { protocol, settings, ...(instance && { instance }) }),
      },
      polled,
    )

  test('partners come and go with their driver, and what one member releases the other gets', async () => {
    const [driver, partner] = [await topicOf(4, 10), await topicOf(4, 20)]
    const group = await newGroup()
    const drives = [[driver, partner]]
    const one = await member({ group, drives })
    await one.until(() => one.held.size === 8, 'all partitions and their partners')
    for (let partition = 0; partition < 4; partition++) {
      const names = [`${driver}/${partition}`, `${partner}/${partition}`]
      await one.until(() => one.offsets.get(names[0]!)?.length === 10, 'records of the driver')
      await one.until(() => one.offsets.get(names[1]!)?.length === 20, 'records of the partner')
      expect(one.held.get(names[0]!)).toBe(one.held.get(names[1]!))
      expect(one.member.epochOf({ topic: driver, partition })).toBe(one.held.get(names[0]!))
    }
    const before = new Map(one.held)
    const two = await member({ group, drives })
    await two.until(() => two.held.size === 4, 'half of them')
    await one.until(() => one.held.size === 4, 'the other half')
    const revoked = await one.event('revoked')
    expect(revoked.partitions.map(({ topic }) => topic).filter((topic) => topic === partner)).toHaveLength(2)
    for (const [name, epoch] of two.held) {
      expect(one.held.has(name)).toBe(false)
      expect(epoch).toBeGreaterThan(before.get(name)!)
    }
    // A partner is read by whoever has its driver, and by nobody else.
    await log.append(Array.from({ length: 4 }, (_, partition) => plain(partner, 5, partition)).flat())
    for (const each of [one, two]) {
      const mine = [...each.held.keys()].filter((name) => name.startsWith(partner))
      for (const name of mine)
        await each.until(() => each.offsets.get(name)?.at(-1) === 24, `the end of ${name}`)
    }
    for (const name of two.held.keys())
      if (name.startsWith(partner)) expect(one.offsets.get(name)).toHaveLength(20)
    await two.close()
    await one.until(() => one.held.size === 8, 'all again')
  })

  test('nothing is given away before it is released, and nothing of it is delivered meanwhile', async () => {
    const topic = await topicOf(2, 10)
    const group = await newGroup()
    const one = await member({ group, drives: [[topic]] }, { onEvent: (event) => event.type !== 'revoked' })
    await one.until(() => one.held.size === 2, 'both')
    const two = await member({ group, drives: [[topic]] })
    const { partitions } = await one.event('revoked')
    expect(one.member.rebalancing).toBe(true)
    await log.append(plain(topic, 5, partitions[0]!.partition))
    // What is being revoked is still this member's: its last commit is accepted.
    await one.member.commit([{ ...partitions[0]!, offset: 12, metadata: 'last' }])
    expect(await one.member.identity()).toBeDefined()
    expect(two.held.size).toBe(0)
    expect(one.offsets.get(`${topic}/${partitions[0]!.partition}`)).toHaveLength(10)
    await one.release(partitions)
    expect(one.member.epochOf(partitions[0]!)).toBeUndefined()
    await two.until(() => two.held.size === 1, 'the released one')
    const name = `${topic}/${partitions[0]!.partition}`
    await two.until(() => two.offsets.get(name)?.length === 3, 'what was not committed')
    expect(two.offsets.get(name)).toEqual([12, 13, 14])
    expect(await two.member.committed(partitions)).toEqual([{ offset: 12, metadata: 'last' }])
  })

  test('a slow start holds up no other partition, and may be overtaken by a revocation', async () => {
    const topic = await topicOf(2, 10)
    const group = await newGroup()
    const begun = Promise.withResolvers<void>()
    const one = await member(
      { group, drives: [[topic]] },
      {
        onEvent: async (event, { member: self }) => {
          if (event.type !== 'assigned') return true
          for (const partition of event.partitions)
            if (partition.partition === 0) await self.start(partition, undefined)
          begun.resolve()
          return false
        },
      },
    )
    await begun.promise
    await one.until(() => one.offsets.get(`${topic}/0`)?.length === 10, 'the partition that has begun')
    const two = await member({ group, drives: [[topic]] })
    const { partitions } = await one.event('revoked')
    for (const partition of partitions) await one.member.start(partition, undefined)
    await two.until(() => two.held.size === 1, 'its share')
    for (const { partition } of partitions)
      expect(one.offsets.get(`${topic}/${partition}`) ?? []).toHaveLength(partition === 0 ? 10 : 0)
  })

  test('after a loss that is not handled yet there is no identity, and no commit', async () => {
    const topic = await topicOf(2, 10)
    const group = await newGroup()
    const impatient = {
      'max.poll.interval.ms': 3000,
      ...(protocol === 'classic' && { 'session.timeout.ms': 3000 }),
    }
    const one = await member({ group, drives: [[topic]] }, {}, impatient)
    const two = await member({ group, drives: [[topic]] }, {}, impatient)
    for (const each of [one, two]) await each.until(() => each.held.size === 1, 'one each')
    expect((await one.member.identity())?.memberId).not.toBe('')
    const [name] = one.held.keys()
    const mine = { topic, partition: Number(name!.split('/')[1]) }
    await one.stop()
    await two.until(() => two.held.size === 2, 'what the silent one has lost')
    await two.member.commit([{ ...mine, offset: 10, metadata: 'two' }])
    // The reader answers the loss and joins again by itself; its caller has handled nothing yet.
    const { told, handle } = await untilLost(one)
    expect(told.partitions).toEqual([mine])
    await two.until(() => two.held.size === 1, 'that the silent one is back in the group')
    expect(await one.member.identity()).toBeUndefined()
    await expect(one.member.commit([{ ...mine, offset: 3, metadata: 'zombie' }])).rejects.toMatchObject({
      class: 'lost',
    })
    expect(one.member.epochOf(mine)).toBeUndefined()
    handle()
    await one.until(() => one.held.size === 1, 'a partition again')
    expect(await one.member.identity()).toBeDefined()
    expect(await two.member.committed([mine])).toEqual([{ offset: 10, metadata: 'two' }])
  })

  test('a member that falls out during a rebalance gives everything up before it goes on', async () => {
    const topic = await topicOf(2, 10)
    const group = await newGroup()
    const impatient = {
      'max.poll.interval.ms': 3000,
      ...(protocol === 'classic' && { 'session.timeout.ms': 3000 }),
    }
    const one = await member({ group, drives: [[topic]] }, {}, impatient)
    await one.until(() => one.held.size === 2, 'both')
    const before = new Map(one.held)
    await one.stop()
    const two = await member({ group, drives: [[topic]] }, {}, impatient)
    await two.until(() => two.held.size === 2, 'what the silent one has lost')
    one.go()
    await one.until(() => one.held.size === 1 && one.events.some(({ type }) => type === 'lost'), 'one again')
    const [name] = one.held.keys()
    expect(one.held.get(name!)).toBeGreaterThan(before.get(name!)!)
    const gone = one.events.flatMap((event) =>
      event.type === 'lost' || event.type === 'revoked'
        ? event.partitions.map(({ partition }) => partition)
        : [],
    )
    expect(new Set(gone)).toEqual(new Set([0, 1]))
  })

  test('a static member that comes back has its partition, and another of its name is told so', async () => {
    const topic = await topicOf(2, 10)
    const group = await newGroup()
    const drives = [[topic]]
    const one = await member({ group, drives }, {}, {}, 'worker-1')
    const two = await member({ group, drives }, {}, {}, 'worker-2')
    for (const each of [one, two]) await each.until(() => each.held.size === 1, 'one each')
    await settled(one)
    const [mine, events] = [[...two.held.keys()], one.events.length]
    await two.close()
    const again = await member({ group, drives }, {}, {}, 'worker-2')
    await again.until(() => again.held.size === 1, 'its partition')
    expect([...again.held.keys()]).toEqual(mine)
    expect(one.events.slice(events).filter(({ type }) => type !== 'end')).toEqual([])
    const thief = await member({ group, drives }, {}, {}, 'worker-2')
    const loser = protocol === 'consumer' ? thief : again
    const error = await loser.error(({ code }) => code === 'FENCED')
    expect(error.kind).toBe('fatal')
    expect(error.message).toContain('worker-2')
  })

  /** Until the group has not changed for a while: an assignment may be followed by another one. */
  async function settled(one: PolledMember): Promise<void> {
    const generation = async () => (await one.member.identity())?.generation
    let before: number | undefined
    for (let quiet = 0; quiet < 10;) {
      const now = await generation()
      quiet = now !== undefined && now === before ? quiet + 1 : 0
      before = now
      const until = performance.now() + 100
      await one.until(() => performance.now() > until, 'a quiet moment')
    }
  }

  /** Polls by hand until the loss is told: the next poll, which would say that it is handled, is not made. */
  async function untilLost(one: PolledMember) {
    for (let polls = 0; polls < 1000; polls++) {
      const events = await one.member.poll({ maxBytes: 0, waitMs: 20 })
      const lost = events.find((event) => event.type === 'lost')
      if (lost === undefined) continue
      const handle = (): void => {
        one.held.clear()
        one.go()
      }
      return { told: lost, handle }
    }
    throw new Error('The loss was not told.')
  }
})
