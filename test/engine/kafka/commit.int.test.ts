// The commit of a worker on a real broker: the contracts of commits and of stores, and who is kept out.

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packBatch } from '../../../engine/component/outgoing.ts'
import { packRecords } from '../../../engine/component/packed-records.ts'
import type { ChangelogFormat } from '../../../engine/component/contracts/changelog.ts'
import type { CommitOutcome, SealedTask, StoreRef } from '../../../engine/component/contracts/commit.ts'
import type { TopicPartition } from '../../../engine/component/contracts/position.ts'
import { valueOf } from '../../../engine/component/packed-records.ts'
import { KafkaAdmin } from '../../../engine/kafka/admin.ts'
import { Changelogs } from '../../../engine/kafka/changelogs.ts'
import { KafkaCommit, type CommittingMember } from '../../../engine/kafka/commit.ts'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import { Transactions } from '../../../engine/kafka/transactions.ts'
import { writerSettings } from '../../../engine/kafka/writer-settings.ts'
import { changelogFormat } from '../../../engine/state/changelog-format.ts'
import { createIdStore } from '../../../engine/state/id-store.ts'
import { openLocalState } from '../../../engine/state/local-state.ts'
import { commitContract, sealed } from '../../support/contracts/commit-contract.ts'
import { storeContract, type StoreBackend } from '../../support/contracts/store-contract.ts'
import { startKafka, type KafkaServer } from '../../support/servers/kafka.ts'
import { idSubject } from '../state/id-subject.ts'
import { settingsFor } from './kafka-settings.ts'
import { closeMembers, PolledMember } from './polled-member.ts'

const openIds = (windowMs: number, buckets: number) => createIdStore({ name: 'unique', windowMs, buckets })

const folder = mkdtempSync(join(tmpdir(), 'millrace-commit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Blocks of these tests hold any bytes: the bucket goes before them. */
const anyBytes: ChangelogFormat = {
  compacted: false,
  pack: (blocks, timestamp) => {
    const records = blocks.map(({ store, bucket, bytes }) => {
      const value = Buffer.alloc(8 + bytes.length)
      value.writeDoubleLE(bucket)
      value.set(bytes, 8)
      return { key: Buffer.from(store), value, headers: [], timestamp }
    })
    return packRecords('', 0, records, 0)
  },
  blocks: (store, records) =>
    Array.from(records, ({ value }) => ({
      store,
      bucket: Buffer.from(value!).readDoubleLE(),
      bytes: value!.subarray(8),
    })),
}

/** One cluster with clients of its own. */
class Bench {
  readonly kafka: KafkaServer
  readonly log: KafkaLog
  readonly admin: KafkaAdmin
  #ids = 0

  constructor(kafka: KafkaServer, log: KafkaLog, admin: KafkaAdmin) {
    this.kafka = kafka
    this.log = log
    this.admin = admin
  }

  static async open(): Promise<Bench> {
    const kafka = await startKafka({ name: 'commit' })
    const settings = settingsFor(kafka.bootstrap, { topics: { partitions: 2, replication: 1 } })
    const log = new KafkaLog({ settings, onTrouble: () => undefined })
    return new Bench(kafka, log, await KafkaAdmin.open(settings))
  }

  /** A worker's backend, once the member has these partitions. `epochs` tells the tests' epochs from the member's. */
  async backend(
    group: string,
    topics: readonly string[],
    partitions: number,
    options: { readonly epoch?: number; readonly format?: ChangelogFormat; readonly local?: boolean } = {},
  ): Promise<{ readonly backend: KafkaCommit; readonly polled: PolledMember }> {
    const settings = settingsFor(this.kafka.bootstrap)
    const polled = await PolledMember.open({ settings, group, drives: topics.map((topic) => [topic]) })
    await polled.until(() => polled.held.size === partitions, 'all partitions')
    const transactions = new Transactions({ settings: writerSettings(settings, `${group}-${++this.#ids}`) })
    const { format, epoch } = options
    const changelogs = new Changelogs({
      log: this.log,
      admin: this.admin,
      dir: folder,
      format: (kind) => format ?? changelogFormat(kind),
      ...(options.local === true && { openLocal: openLocalState }),
      trouble: () => undefined,
    })
    const member = epoch === undefined ? polled.member : withEpoch(polled.member, epoch)
    return { backend: new KafkaCommit({ member, transactions, changelogs }), polled }
  }

  /** Waits until what was committed can be read: brokers write the markers of a transaction a little later. */
  async untilStable(topic: string, partitions: number): Promise<void> {
    const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
    const ends = (how: 'read_committed' | 'read_uncommitted') => this.admin.offsets(all, 'latest', how)
    while (String(await ends('read_committed')) !== String(await ends('read_uncommitted')));
  }

  async close(): Promise<void> {
    await closeMembers()
    await Promise.all([this.log.close(), this.admin.close()])
    await this.kafka.close()
  }
}

/** The member, whose epochs have the number that a test knows them by. */
function withEpoch(member: PolledMember['member'], epoch: number): CommittingMember {
  return {
    identity: () => member.identity(),
    commit: (offsets) => member.commit(offsets),
    committed: (partitions, options) => member.committed(partitions, options),
    epochOf: (partition: TopicPartition) => (member.epochOf(partition) === undefined ? undefined : epoch),
  }
}

describe('on one broker', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await Bench.open()
  })
  afterEach(closeMembers)
  afterAll(() => bench.close())

  commitContract('The backend of a cluster', async () => {
    const prefix = `${bench.kafka.uniqueTopic()}-`
    const [input, letters] = [`${prefix}input`, `${prefix}letters`]
    await bench.log.ensureTopic(input, { partitions: 2 })
    let epoch = 1
    const open = () => bench.backend(`${prefix}orders`, [input], 2, { epoch, format: anyBytes })
    let { backend, polled } = await open()
    return {
      log: bench.log,
      backend,
      prefix,
      restart: async () => {
        await polled.close()
        await backend.close()
        epoch++
        ;({ backend, polled } = await open())
        return backend
      },
      visible: () => bench.untilStable(letters, 2),
      close: async () => {
        await backend.close()
      },
    }
  })

  /** A task that holds partition 0 of a topic of its own. */
  async function task(local = false) {
    const topic = bench.kafka.uniqueTopic()
    const group = bench.kafka.uniqueGroup()
    await bench.log.ensureTopic(topic, { partitions: 1 })
    const { backend, polled } = await bench.backend(group, [topic], 1, { local })
    const cut = (parts: Partial<SealedTask>, offset: number): SealedTask => ({
      ...sealed(0, { ...parts, task: `${group}/0/0`, group, epoch: polled.held.get(`${topic}/0`)! }),
      positions: [{ topic, partition: 0, offset, metadata: '' }],
    })
    return { topic, group, backend, polled, cut }
  }

  test('a commit under an epoch that is over is lost, and changes nothing', async () => {
    const { backend, cut, topic, group } = await task()
    const stale = { ...cut({}, 5), epoch: 0 }
    expect(await backend.commit({ sequence: 1, tasks: [stale] })).toEqual({
      outcome: 'lost',
      tasks: [`${group}/0/0`],
    })
    expect(await bench.log.committed(group, { topic, partition: 0 })).toBeUndefined()
    await backend.close()
  })

  test('a writer that takes the transactional id over fences the worker', async () => {
    const { group, cut, polled, topic } = await task()
    const settings = writerSettings(settingsFor(bench.kafka.bootstrap), `${group}-shared`)
    const first = new Transactions({ settings })
    const second = new Transactions({ settings })
    const identity = (await polled.member.identity())!.bytes
    const transaction = (offset: number) => ({ batches: [], offsets: cut({}, offset).positions, identity })
    expect((await first.run(transaction(1))).how).toBe('committed')
    expect((await second.run(transaction(2))).how).toBe('committed')
    expect((await first.run(transaction(3))).how).toBe('fenced')
    expect((await bench.log.committed(group, { topic, partition: 0 }))?.offset).toBe(2)
    await Promise.all([first.close(), second.close()])
  })

  test('outputs and letters that their topics refuse are told by their places, and nothing takes effect', async () => {
    const { backend, cut, topic, group } = await task()
    const small = bench.kafka.uniqueTopic()
    await bench.kafka.createTopic(small, { partitions: 1, configs: { 'max.message.bytes': 3000 } })
    // Random bytes: compressed, others would fit.
    const random = (bytes: number) => Buffer.from(Array.from({ length: bytes }, () => Math.random() * 256))
    const at = { topic: small, partition: 0, key: null, headers: [], timestamp: 1 }
    const of = (...bytes: number[]) => bytes.map((one) => ({ ...at, value: random(one) }))
    // Together those of 900 are too large, too.
    const outputs = [packBatch(small, of(900, 900, 5000, 900, 900), 0)]
    // What is aborted is sent again, in smaller pieces.
    const commit = async (sequence: number, parts: Partial<SealedTask>): Promise<CommitOutcome> => {
      let outcome: CommitOutcome
      let tries = 0
      do outcome = await backend.commit({ sequence, tasks: [cut(parts, 1)] })
      while (outcome.outcome === 'aborted' && ++tries < 8)
      return outcome
    }
    const ours = { task: `${group}/0/0`, error: { kind: 'permanent', code: 'RECORD_TOO_LARGE' } }
    expect(await commit(1, { outputs })).toMatchObject({
      outcome: 'refused',
      rows: [{ ...ours, what: { kind: 'output', output: 0, row: 2 } }],
    })
    // In pieces that are smaller, what fits goes through, with a letter beside it; and one that is too large is told.
    const [big] = of(5000)
    const letter = await commit(2, { records: [big!] })
    expect(letter).toMatchObject({
      outcome: 'refused',
      rows: [{ ...ours, what: { kind: 'letter', record: big } }],
    })
    const rest = [packBatch(small, of(900, 900, 900, 900), 0)]
    expect(await commit(3, { outputs: rest })).toEqual({ outcome: 'committed' })
    expect((await bench.log.committed(group, { topic, partition: 0 }))?.offset).toBe(1)
    await backend.close()
  })

  test('restoring waits for a transaction that somebody left open', async () => {
    const { backend, group, topic } = await task()
    const ref = { task: `${group}/0/0`, partition: 0, group }
    const store: StoreRef = { name: 'unique', kind: 'ids' }
    await backend.positions(ref, [{ topic, partition: 0 }])
    await backend.restore(ref, [store], () => undefined)
    const { Writer } = await import('../../../native/writer.ts')
    const settings = writerSettings(settingsFor(bench.kafka.bootstrap), `${group}-zombie`)
    const zombie = await Writer.open({ settings: { ...settings, 'transaction.timeout.ms': 60_000 } })
    await zombie.initTransactions()
    await zombie.begin()
    await zombie.writePlain([
      {
        topic: `${group}.unique.changelog`,
        partition: 0,
        key: Buffer.from('unique'),
        value: Buffer.from('x'),
      },
    ])
    let restored = false
    const again = backend
      .restore(ref, [store], () => undefined)
      .then(() => {
        restored = true
      })
    // Enough for a restore that does not wait: the one before took less.
    await bench.log.fetch({ topic, partition: 0 }, 0, 1)
    await bench.admin.offsets([{ topic, partition: 0 }], 'latest')
    expect(restored).toBe(false)
    await zombie.abort()
    await again
    expect(restored).toBe(true)
    await zombie.close()
    await backend.close()
  })

  for (const local of [false, true]) {
    storeContract(`a changelog${local ? ' with a local copy' : ''}: ids`, idSubject(openIds, 4), {
      runs: 6,
      timeoutMs: 120_000,
      backend: (store) => storeBackend(store, local),
    })
  }

  /** A store on a changelog of its own; a crash is a new backend, which restores. */
  async function storeBackend(store: StoreRef, local: boolean): Promise<StoreBackend> {
    const { backend, polled, cut, topic, group } = await task(local)
    const ref = { task: `${group}/0/0`, partition: 0, group }
    let sequence = 0
    const restore = async (apply: Parameters<KafkaCommit['restore']>[2]): Promise<void> => {
      await backend.positions(ref, [{ topic, partition: 0 }])
      await backend.restore(ref, [store], apply)
    }
    await restore(() => undefined)
    return {
      async commit(blocks, expiredBelow) {
        const expired = expiredBelow === undefined ? [] : [{ store: store.name, below: expiredBelow }]
        const tasks = [cut({ blocks, expired }, ++sequence)]
        expect(await backend.commit({ sequence, tasks })).toEqual({ outcome: 'committed' })
      },
      crash: restore,
      async close() {
        await backend.close()
        await polled.close()
      },
    }
  }

  test('letters and outputs are read by nobody before their commit', async () => {
    const { backend, cut } = await task()
    const out = bench.kafka.uniqueTopic()
    await bench.log.ensureTopic(out, { partitions: 1 })
    const record = {
      topic: out,
      partition: 0,
      key: null,
      value: Buffer.from('one'),
      headers: [],
      timestamp: 1,
    }
    expect(await backend.commit({ sequence: 1, tasks: [cut({ records: [record] }, 1)] })).toEqual({
      outcome: 'committed',
    })
    await bench.untilStable(out, 1)
    const { records } = await bench.log.fetch({ topic: out, partition: 0 }, 0, 10)
    expect(records.count).toBe(1)
    expect(valueOf(records, 0)!.toString()).toBe('one')
    await backend.close()
  })
})
