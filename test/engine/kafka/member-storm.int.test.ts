// Members come, go and fall silent while they read and commit: no record is left out, no partition goes back, and no commit
// of an owner is accepted after one of its successor.

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { setTimeout as wait } from 'node:timers/promises'
import { nameOf, type TopicPartition } from '../../../engine/component/contracts/position.ts'
import type { SourceEvent } from '../../../engine/component/contracts/reader.ts'
import { sentenceOf } from '../../../engine/errors.ts'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import { KafkaError } from '../../../native/errors.ts'
import { plain } from '../../support/contracts/source-driver.ts'
import { startKafka, type KafkaServer } from '../../support/servers/kafka.ts'
import { settingsFor } from './kafka-settings.ts'
import { closeMembers, PolledMember } from './polled-member.ts'

const rounds = Number(process.env['MILLRACE_STORM_ROUNDS'] ?? 8)
const partitions = 5

let kafka: KafkaServer
let log: KafkaLog

beforeAll(async () => {
  kafka = await startKafka({
    name: 'member-storm',
    properties: {
      'group.consumer.min.heartbeat.interval.ms': 100,
      'group.consumer.heartbeat.interval.ms': 100,
      // A heartbeat is given up after its interval, and with it the farewell of a member that leaves a busy broker.
      'group.consumer.min.session.timeout.ms': 6000,
      'group.consumer.session.timeout.ms': 6000,
    },
  })
  log = new KafkaLog({ settings: settingsFor(kafka.bootstrap), onTrouble: () => undefined })
})
afterEach(closeMembers)
afterAll(async () => {
  await log.close()
  await kafka.close()
})

/** What the group is known to have committed of one partition. */
interface Progress {
  epoch: number
  offset: number
}

/** A member with what it has taken of each partition, under which epoch. */
class Worker {
  readonly taken = new Map<string, { partition: TopicPartition; epoch: number; next: number }>()
  polled!: PolledMember
  #committing: Promise<void> = Promise.resolve()
  readonly #storm: Storm

  constructor(storm: Storm) {
    this.#storm = storm
  }

  /** Commits what was taken. One commit at a time. */
  commit(): Promise<void> {
    this.#committing = this.#committing.then(() => this.#commit())
    return this.#committing
  }

  async #commit(): Promise<void> {
    const { member } = this.polled
    const offered = [...this.taken.values()].filter(
      ({ partition, epoch }) => member.epochOf(partition) === epoch,
    )
    const positions = offered.map(({ partition, next }) => ({ ...partition, offset: next, metadata: '' }))
    if (positions.length === 0) return
    const said = offered.map((one) => ({ ...one }))
    try {
      await member.commit(positions)
      for (const one of said) this.#storm.committed(one)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#storm.refused++
      if (!['lost', 'downstream', 'unknown', 'closed', 'fenced'].includes(error.class)) throw error
    }
  }

  /** What is committed; as a worker does, it asks again where the brokers do not answer in time. */
  async #positions(partitions: readonly TopicPartition[]): ReturnType<PolledMember['member']['committed']> {
    for (;;) {
      try {
        return await this.polled.member.committed(partitions)
      } catch (error) {
        if (!(error instanceof KafkaError) || error.class !== 'downstream') throw error
      }
    }
  }

  async take(event: SourceEvent): Promise<boolean> {
    if (event.type === 'failed' && (event.error as { kind?: string }).kind !== 'downstream') throw event.error
    if (event.type === 'records')
      this.#records(event.records.topic, event.records.partition, event.records.offsets)
    if (event.type === 'lost') for (const partition of event.partitions) this.taken.delete(nameOf(partition))
    if (event.type === 'lost') this.#storm.lost += event.partitions.length
    if (event.type === 'revoked') {
      await this.commit()
      for (const partition of event.partitions) this.taken.delete(nameOf(partition))
    }
    if (event.type !== 'assigned') return true
    const found = await this.#positions(event.partitions)
    for (const [index, partition] of event.partitions.entries()) {
      const next = found[index]?.offset ?? 0
      this.taken.set(nameOf(partition), { partition, epoch: event.epoch, next })
      await this.polled.member.start(partition, found[index])
    }
    return false
  }

  #records(topic: string, partition: number, offsets: Float64Array): void {
    const name = nameOf({ topic, partition })
    const taken = this.taken.get(name)
    if (taken === undefined) throw new Error(`Records of ${name} came to a member that does not hold it.`)
    for (const offset of offsets) {
      if (offset !== taken.next) throw new Error(`${name} went on at ${offset}, not at ${taken.next}.`)
      taken.next++
      this.#storm.delivered.get(name)!.add(offset)
    }
  }
}

class Storm {
  readonly delivered = new Map<string, Set<number>>()
  readonly progress = new Map<string, Progress>()
  readonly workers = new Set<Worker>()
  refused = 0
  lost = 0
  readonly #random: () => number
  readonly options: { group: string; drives: string[][]; protocol: 'consumer' | 'classic' }

  constructor(options: Storm['options'], seed: number) {
    this.options = options
    // Park and Miller's.
    let state = seed || 1
    this.#random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
    for (const topic of options.drives.flat())
      for (let partition = 0; partition < partitions; partition++)
        this.delivered.set(nameOf({ topic, partition }), new Set())
  }

  dice(sides: number): number {
    return Math.floor(this.#random() * sides)
  }

  committed({ partition, epoch, next }: { partition: TopicPartition; epoch: number; next: number }): void {
    const name = nameOf(partition)
    const before = this.progress.get(name)
    if (before !== undefined && (epoch < before.epoch || next < before.offset))
      throw new Error(`${name} was committed at ${next} (${epoch}) after ${before.offset} (${before.epoch}).`)
    this.progress.set(name, { epoch, offset: next })
  }

  async join(): Promise<void> {
    const { group, drives, protocol } = this.options
    const impatient = {
      'max.poll.interval.ms': 1500,
      ...(protocol === 'classic' && { 'session.timeout.ms': 1500 }),
    }
    const worker = new Worker(this)
    const settings = settingsFor(kafka.bootstrap, { protocol, settings: impatient })
    worker.polled = await PolledMember.open(
      { group, drives, settings },
      { onEvent: async (event) => ((await worker.take(event)) ? event.type !== 'assigned' : false) },
    )
    this.workers.add(worker)
  }

  /** Someone joins, leaves, or does not poll for longer than the group takes. */
  async step(): Promise<void> {
    const some = [...this.workers][this.dice(this.workers.size)]
    const what = this.dice(4)
    if (some === undefined || (what === 0 && this.workers.size < 4)) return this.join()
    if (what === 1 && this.workers.size > 1) {
      this.workers.delete(some)
      return some.polled.close()
    }
    if (what === 2) {
      await some.polled.stop()
      await wait(2500)
      return some.polled.go()
    }
    await wait(this.dice(400))
  }
}

test.each(['consumer', 'classic'] as const)('%s', async (protocol) => {
  const seed = Date.now() % 1_000_000
  const drives = [[kafka.uniqueTopic('driver'), kafka.uniqueTopic('partner')]]
  // The records are years old: topics of the default kind would lose them while they are read.
  for (const topic of drives.flat()) await log.ensureTopic(topic, { partitions })
  const storm = new Storm({ group: kafka.uniqueGroup(), drives, protocol }, seed)
  let [over, allCommitted] = [false, false]
  const written = new Map<string, number>()
  const writing = (async () => {
    while (!over) {
      const records = [...storm.delivered.keys()].flatMap((name) => {
        written.set(name, (written.get(name) ?? 0) + 5)
        const slash = name.lastIndexOf('/')
        return plain(name.slice(0, slash), 5, Number(name.slice(slash + 1)))
      })
      await log.append(records)
      await wait(20)
    }
  })()
  // Longer than they write: a commit may fall into a rebalance, and who has the partition then commits again.
  const committing = (async () => {
    while (!allCommitted) {
      await wait(30)
      await Promise.all([...storm.workers].map((worker) => worker.commit()))
    }
  })()
  committing.catch(() => undefined)
  await storm.join()
  await storm.join()
  try {
    for (let round = 0; round < rounds; round++) await storm.step()
    over = true
    await writing
    const delivered = () => [...written].every(([name, count]) => storm.delivered.get(name)!.size === count)
    const committed = () => [...written].every(([name, count]) => storm.progress.get(name)?.offset === count)
    const [first] = storm.workers
    await first!.polled.until(delivered, 'all records')
    await first!.polled.until(committed, 'all commits')
  } catch (error) {
    const all = [...storm.workers].map(({ polled }) => polled.summary()).join('\n')
    throw new Error(`${protocol}, seed ${seed}: ${sentenceOf(error)}\nAll members:\n${all}`, {
      cause: error,
    })
  } finally {
    ;[over, allCommitted] = [true, true]
    await Promise.all([writing, committing])
  }
  console.log(`${protocol}: seed ${seed}`, {
    refused: storm.refused,
    lost: storm.lost,
    written: written.size,
  })
  // Whoever comes last finds everything committed.
  await Promise.all([...storm.workers].map((worker) => worker.polled.close()))
  await storm.join()
  const last = [...storm.workers].at(-1)!
  await last.polled.until(() => last.taken.size === 2 * partitions, 'all partitions')
  for (const [name, { next }] of last.taken) expect([name, next]).toEqual([name, written.get(name)])
})
