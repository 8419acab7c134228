import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { filledTopic } from './support/filled.ts'
import { protocols, quicken } from './support/protocols.ts'
import { closeAll, PolledReader, type PolledOptions } from './support/polled-reader.ts'

let kafka: SharedKafka

beforeAll(async () => {
  kafka = await sharedKafka()
})

afterEach(closeAll)

describe.each(Object.entries(protocols))('%s', (protocol, ofProtocol) => {
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

  test('a reader that does not poll loses its partitions, and hears so; one that polls for 0 bytes keeps them', async () => {
    const topic = await filled(20, 2)
    const group = await newGroup()
    const impatient = {
      'max.poll.interval.ms': 3000,
      ...(protocol !== 'consumer' && { 'session.timeout.ms': 3000 }),
    }
    const one = await member(group, {}, impatient)
    const two = await member(group, {}, impatient)
    await one.reader.subscribe([topic])
    await two.reader.subscribe([topic])
    await Promise.all([one, two].map((each) => each.until(() => each.owned.size === 1, 'one partition each')))
    await one.until(() => one.seen.length >= 20, 'records')
    one.maxBytes = 0
    const seen = one.seen.length
    await two.stop()
    await one.until(() => one.owned.size === 2, 'what the other one has lost')
    expect(one.seen).toHaveLength(seen)
    expect(one.events.some((event) => event.type === 'lost')).toBe(false)
    two.start()
    const lost = await two.event('lost')
    expect(lost.partitions).toHaveLength(1)
    await two.until(() => two.owned.size === 1, 'one partition again')
  })

  test('a static member that comes back in time has its partitions, and the others notice nothing', async () => {
    const topic = await filled(20, 2)
    const group = await newGroup()
    const one = await member(group, {}, { 'group.instance.id': 'one' })
    const two = await member(group, {}, { 'group.instance.id': 'two' })
    await one.reader.subscribe([topic])
    await two.reader.subscribe([topic])
    await Promise.all([one, two].map((each) => each.until(() => each.owned.size === 1, 'one partition each')))
    const owned = [...two.owned]
    const before = await settled(one)
    await two.close()
    const again = await member(group, {}, { 'group.instance.id': 'two' })
    await again.reader.subscribe([topic])
    await again.until(() => again.owned.size === 1, 'its partition')
    expect([...again.owned]).toEqual(owned)
    expect(await settled(one)).toBe(before)
    expect(one.owned.size).toBe(1)
    // Another one with the same name: one of the two is out, and says so.
    const thief = await member(group, {}, { 'group.instance.id': 'two' })
    await thief.reader.subscribe([topic])
    const loser = protocol === 'consumer' ? thief : again
    const fenced = await loser.event('failed', (event) => event.error.class === 'fenced')
    expect(fenced.error.code).toMatch(/FENCED|UNRELEASED/)
    await Promise.all([thief, again, one].map((each) => each.close()))
  })
})

/** The generation of the group, when it has not changed for a while. */
async function settled(member: PolledReader): Promise<number> {
  for (let before = -1; ;) {
    const { generation } = await member.reader.groupMetadata()
    if (generation === before) return generation
    before = generation
    await member.morePolls(15)
  }
}
