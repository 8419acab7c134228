// Transactions whose answers are lost: what is sent again must not be taken for what was aborted.

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { packBatch } from '../../../engine/component/outgoing.ts'
import { plainRecord } from '../../../engine/component/packed-records.ts'
import type { TopicPartition } from '../../../engine/component/contracts/position.ts'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import { Transactions } from '../../../engine/kafka/transactions.ts'
import { writerSettings } from '../../../engine/kafka/writer-settings.ts'
import { startKafka, type KafkaServer } from '../../support/servers/kafka.ts'
import { requests, startAnswerProxy, type AnswerProxy } from './answer-proxy.ts'
import { settingsFor } from './kafka-settings.ts'
import { closeMembers, PolledMember } from './polled-member.ts'

let kafka: KafkaServer
let proxy: AnswerProxy

beforeAll(async () => {
  proxy = await startAnswerProxy(3)
  kafka = await startKafka({ name: 'lost-answers', brokers: 3, advertisedPorts: proxy.ports })
  proxy.forwardTo(kafka.brokers.map(({ port }) => port))
})

afterEach(closeMembers)

afterAll(async () => {
  await kafka.close()
  await proxy.close()
})

const identityOf = async (member: PolledMember): Promise<Uint8Array> =>
  (await member.member.identity())!.bytes

test('a commit that was aborted while an answer was lost is written when it is sent again', async () => {
  const settings = settingsFor(kafka.bootstrap)
  const log = new KafkaLog({ settings, onTrouble: () => undefined })
  const [input, output] = [kafka.uniqueTopic('input'), kafka.uniqueTopic('output')]
  await kafka.createTopic(input, { partitions: 1 })
  await kafka.createTopic(output, { partitions: 3 })
  const group = kafka.uniqueGroup()
  const join = async (): Promise<PolledMember> => {
    const member = await PolledMember.open({ settings, group, drives: [[input]] })
    await member.until(() => member.held.size === 1, 'a partition')
    return member
  }
  const gone = await join()
  const stale = await identityOf(gone)
  await gone.close()
  const member = await join()

  const transactions = new Transactions({ settings: writerSettings(settings, group) })
  let offset = 0
  const commit = (partition: number, names: readonly string[], identity: Uint8Array) => {
    const records = names.map((name) => ({
      topic: output,
      key: null,
      value: Buffer.from(name),
      headers: [],
      timestamp: 1,
    }))
    const offsets = [{ topic: input, partition: 0, offset: ++offset, metadata: '' }]
    return transactions.run({ batches: [packBatch(output, records, partition)], offsets, identity })
  }
  // The leader of one of these partitions coordinates the group, too, and can't show anything: the other two do.
  for (const partition of [0, 1, 2]) {
    expect(await commit(partition, ['a', 'b'], await identityOf(member))).toMatchObject({ how: 'committed' })
    // The records reach the broker, its answer is lost, and they wait to be sent again; meanwhile the transaction fails.
    proxy.loseProduced(requests.commitOffsets)
    const failing = commit(partition, ['c', 'd', 'e'], stale)
    await proxy.lost()
    setTimeout(() => proxy.pass(), 300)
    expect(await failing).toMatchObject({ how: 'aborted' })

    let ended = await commit(partition, ['c', 'd', 'e'], await identityOf(member))
    for (let tries = 0; ended.how === 'aborted' && tries < 50; tries++)
      ended = await commit(partition, ['c', 'd', 'e'], await identityOf(member))
    expect(ended).toMatchObject({ how: 'committed' })
    expect(await untilStable(log, { topic: output, partition })).toEqual(['a', 'b', 'c', 'd', 'e'])
  }
  await transactions.close()
  await log.close()
})

/** What is committed in a partition; brokers write the markers of a transaction a little later. */
async function untilStable(log: KafkaLog, partition: TopicPartition): Promise<string[]> {
  const values: string[] = []
  for (let next = 0, quiet = 0; quiet < 20;) {
    const found = await log.fetch(partition, next, 100)
    for (let row = 0; row < found.records.count; row++)
      values.push(Buffer.from(plainRecord(found.records, row).value!).toString())
    quiet = found.next === next ? quiet + 1 : 0
    next = found.next
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return values
}
