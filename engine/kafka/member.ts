import { KafkaError } from '../../native/errors.ts'
import type { Reader } from '../../native/reader.ts'
import type { ReaderEvent } from '../../native/reader-events.ts'
import { nameOf, type CommittedPosition, type TopicPartition } from '../component/contracts/position.ts'
import type {
  GroupPosition,
  PollRequest,
  ReadPolicy,
  SourceEvent,
  SourceReader,
} from '../component/contracts/reader.ts'
import { fatalError, type MillraceError } from '../errors.ts'
import { Beginnings } from './beginnings.ts'
import { boundsOf, writtenTo } from './bounds.ts'
import { clientError, isOver } from './client-errors.ts'
import { Continuity } from './continuity.ts'
import { Drives } from './drives.ts'
import { Holdings, type Holding } from './holdings.ts'
import { Inbox, type Rebalance } from './inbox.ts'
import { Membership } from './membership.ts'
import type { TokenSource } from './oauth.ts'
import { userOf } from './rights.ts'
import { Policies } from './policies.ts'
import { ReaderFaults } from './reader-faults.ts'
import type { KafkaSettings } from './settings.ts'

/** `begin` and `outOfRange` hold for the topics of which `follow` says nothing else. */
export interface MemberOptions extends ReadPolicy {
  readonly settings: KafkaSettings
  readonly group: string
  /** Per sub-topology the topic that drives it, and its partners. */
  readonly drives: readonly (readonly string[])[]
  /** What becomes of a topic that gets more partitions while it is read. `fail` if not given, as state demands. */
  readonly growth?: 'fail' | 'follow'
  /** For OAUTHBEARER. */
  readonly tokens?: TokenSource
  readonly onTrouble: (sentence: string) => void
}

/** Who the member is, for the transaction that commits its offsets (KIP-447). */
export interface MemberIdentity {
  readonly bytes: Buffer
  readonly memberId: string
  readonly generation: number
}

/** How long `identity` waits for the poll loop to take up what has happened, in milliseconds. */
const catchUpMs = 1000

/** As much as the reader is asked for at once, so that partitions can take turns here. */
const readBytes = 1024 * 1024

const epochsOfGeneration = 2 ** 16

/**
 * One membership in the consumer group, for all topics of a topology: joined by the first poll, left by `close`. Partners of
 * a driving partition come, start and go with it.
 *
 * A poll answers with at most one rebalance, and nothing after it. The next poll says that its handling has begun, and that
 * whatever was lost is given up: on this rests `identity`.
 */
export class KafkaMember implements SourceReader {
  readonly #options: MemberOptions
  readonly #membership: Membership
  readonly #holdings = new Holdings()
  readonly #drives: Drives
  readonly #inbox: Inbox
  readonly #continuity = new Continuity()
  readonly #faults: ReaderFaults
  readonly #policies: Policies
  readonly #beginnings: Beginnings
  /** Rebalances whose handling has begun. */
  #begun = 0
  #epoch = 0
  #nextPoll = Promise.withResolvers<void>()
  #closed = false

  private constructor(options: MemberOptions, membership: Membership, drives: Drives) {
    this.#options = options
    this.#membership = membership
    this.#drives = drives
    this.#policies = new Policies(options)
    this.#inbox = new Inbox({
      drives,
      holdings: this.#holdings,
      lost: (partitions) => this.#dropPartners(partitions),
      isCritical: (topic) => this.#policies.of(topic).critical,
    })
    this.#beginnings = new Beginnings({
      group: options.group,
      reader: () => this.#reader,
      commit: (offsets) => this.commit(offsets),
      isCurrent: ({ partition, tag }) => this.#holdings.isCurrent(partition, tag),
      passed: (holding, offset) => this.#passed(holding, offset),
      assign: (holding, offset) => this.#assign(holding, offset),
      failed: (error) => this.#inbox.fail(error),
    })
    this.#faults = new ReaderFaults({
      group: options.group,
      instance: options.settings.instance,
      user: userOf(options.settings),
      policies: this.#policies,
      holdings: this.#holdings,
      reader: () => this.#reader,
      passed: (holding, offset) => this.#passed(holding, offset),
      again: (partition) => this.#again(partition),
      onTrouble: options.onTrouble,
    })
  }

  /**
   * Makes a member. It asks no broker: that is what `poll` is for.
   *
   * @throws PLAN_INVALID where `drives` names a topic twice
   * @throws SettingsError, BindingUnavailable as native/ does
   */
  static async open(options: MemberOptions): Promise<KafkaMember> {
    const { settings, group, tokens, onTrouble } = options
    const drives = new Drives(options.drives)
    const membership = await Membership.open({ settings, group, drives, tokens, onTrouble })
    return new KafkaMember(options, membership, drives)
  }

  get #reader(): Reader {
    return this.#membership.reader
  }

  /** How these topics are read from now on: where partitions begin, and go on when a position is gone. */
  follow(topics: readonly string[], policy: ReadPolicy): void {
    this.#policies.set(topics, policy)
  }

  /** `consumer` for KIP-848, `classic` for the older one; may change until the first assignment. */
  get protocol(): 'consumer' | 'classic' {
    return this.#membership.protocol
  }

  /** True while a rebalance waits to be told, or partitions are being given up. */
  get rebalancing(): boolean {
    return this.#inbox.hasRebalance || [...this.#holdings.all].some(({ leaving }) => leaving)
  }

  async poll({ maxBytes, waitMs, firstBytes = maxBytes }: PollRequest): Promise<SourceEvent[]> {
    const until = performance.now() + waitMs
    this.#begin(this.#inbox.told)
    // What waits here is given first; but news, and what is critical, is looked for each time.
    if (this.#inbox.hasData) await this.#receive({ maxBytes: 0, firstBytes, waitMs: 0 })
    for (;;) {
      const events = this.#inbox.take(maxBytes, firstBytes)
      if (events.length > 0 || this.#closed) return events
      const left = Math.max(0, until - performance.now())
      const most = maxBytes > 0 ? Math.max(maxBytes, readBytes) : 0
      await this.#receive({ maxBytes: most, firstBytes, waitMs: left })
      if (left === 0) return this.#inbox.take(maxBytes, firstBytes)
    }
  }

  async start(partition: TopicPartition, position: CommittedPosition | undefined): Promise<void> {
    const holding = this.#holdings.get(partition)
    // It was lost, or is asked back, since the caller heard of it: the event is on its way.
    if (holding === undefined || holding.leaving) return
    holding.begun = position?.offset ?? 'beginning'
    holding.tag = this.#holdings.newTag()
    holding.toldEnd = undefined
    const { begin } = this.#policies.of(partition.topic)
    if (position === undefined && begin !== 'earliest') this.#beginnings.begin(holding, begin)
    else await this.#assign(holding, holding.begun)
  }

  async release(partitions: readonly TopicPartition[]): Promise<void> {
    const held = partitions.flatMap((partition) => this.#holdings.get(partition) ?? [])
    // Partners first: with the last driver the group has its answer.
    const ordered = held.toSorted(
      (one, other) => Number(one.given !== undefined) - Number(other.given !== undefined),
    )
    for (const { partition } of held) this.#holdings.remove(partition)
    if (ordered.length === 0) return
    const marks = ordered.map(({ partition, given }) => ({
      ...partition,
      ...(given !== undefined && { given }),
    }))
    await this.#quietly(this.#reader.unassign(marks))
  }

  spent(buffer: ArrayBuffer, records: number): void {
    this.#reader.releaseRows(buffer, records)
  }

  pause(partition: TopicPartition): void {
    const holding = this.#holdings.get(partition)
    if (holding === undefined || holding.paused) return
    holding.paused = true
    void this.#quietly(this.#reader.pause([partition]))
  }

  resume(partition: TopicPartition): void {
    const holding = this.#holdings.get(partition)
    if (holding === undefined || !holding.paused) return
    holding.paused = false
    void this.#quietly(this.#reader.resume([partition]))
  }

  /** The end is the last stable offset: what an open transaction writes is not there yet. */
  async bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    return boundsOf(this.#reader, partition)
  }

  readonly writtenTo = (partition: TopicPartition): Promise<number> => writtenTo(this.#reader, partition)

  /** As the group knows them now: what an open transaction changes is not waited for. */
  async others(own: readonly TopicPartition[]): Promise<GroupPosition[]> {
    const known = new Set(own.map(nameOf))
    const others = this.#drives.all.filter((partition) => !known.has(nameOf(partition)))
    try {
      const found = await this.committed(others, { stable: false })
      return others.map((partition, n) => ({ ...partition, committed: found[n] }))
    } catch (error) {
      throw clientError(error, `What ${this.#options.group} has committed cannot be told`, 'SOURCE_FAILED')
    }
  }

  /** The epoch under which a partition is held; undefined if it is not. A revoked one is held until its release. */
  epochOf(partition: TopicPartition): number | undefined {
    return this.#holdings.get(partition)?.epoch
  }

  /**
   * Who this member is now, or undefined: it is none, or a rebalance has happened that the caller of `poll` has not begun to
   * handle (a moment is waited for that). librdkafka answers a loss by itself and joins again: with the new generation, a
   * commit of lost partitions would be accepted.
   */
  async identity(): Promise<MemberIdentity | undefined> {
    const until = performance.now() + catchUpMs
    for (;;) {
      const { bytes, memberId, generation, rebalances } = await this.#reader.groupMetadata()
      if (memberId === '' || generation < 1) return undefined
      if (rebalances === this.#begun && !this.#inbox.hasRebalance) return { bytes, memberId, generation }
      if (this.#closed || performance.now() >= until) return undefined
      await this.#untilNextPoll(until - performance.now())
    }
  }

  /**
   * Commits positions plainly: for topologies without state. Rejects with a KafkaError, with class `lost` also where a
   * rebalance has happened that the caller of `poll` has not begun to handle.
   */
  async commit(offsets: readonly (TopicPartition & CommittedPosition)[]): Promise<void> {
    if (this.#inbox.hasRebalance)
      throw new KafkaError('_ASSIGNMENT_LOST', -142, 'The group has rebalanced: poll first.', 'lost')
    await this.#reader.commit(offsets, { rebalances: this.#begun })
  }

  /** What the group has committed; by default after every open transaction that could change it. */
  async committed(
    partitions: readonly TopicPartition[],
    options: { readonly stable?: boolean; readonly group?: string } = {},
  ): Promise<(CommittedPosition | undefined)[]> {
    const found = await this.#reader.committed(partitions, options)
    return found.map((one) => one && { offset: one.offset, metadata: one.metadata ?? '' })
  }

  /** Leaves the group. A static member (`instance`) keeps its partitions for the session's time. */
  async close(): Promise<void> {
    this.#closed = true
    this.#nextPoll.resolve()
    await this.#membership.close()
  }

  async #assign({ partition, given, tag, paused }: Holding, offset: Holding['begun']): Promise<void> {
    const first = this.#policies.of(partition.topic).critical
    const start = { ...partition, offset, tag, first, ...(given !== undefined && { given }) }
    await this.#quietly(this.#reader.assign([start]))
    if (paused) await this.#quietly(this.#reader.pause([partition]))
  }

  #passed({ partition, tag }: Holding, offset: number): void {
    this.#inbox.data({ type: 'passed', partition, tag, offset })
  }

  /** The caller has begun to handle the rebalances up to this one. */
  #begin(rebalance: number): void {
    this.#begun = rebalance
    this.#nextPoll.resolve()
    this.#nextPoll = Promise.withResolvers<void>()
  }

  async #untilNextPoll(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(1, limitMs))
    })
    await Promise.race([this.#nextPoll.promise, late])
    clearTimeout(timer)
  }

  async #receive(request: Required<PollRequest>): Promise<void> {
    this.#membership.join((error) => this.#inbox.fail(error))
    const reader = this.#reader
    try {
      for (const event of await reader.poll(request)) {
        await this.#hear(event)
        // What is left of another reader's events is of no interest.
        if (this.#reader !== reader) return this.#startOver()
      }
    } catch (error) {
      if (!isOver(error)) this.#fail(error)
      else if (!this.#closed)
        await new Promise((resolve) => setTimeout(resolve, Math.min(request.waitMs, 10)))
    }
  }

  async #hear(event: ReaderEvent): Promise<void> {
    if (event.type === 'records' || event.type === 'end') return this.#inbox.data(event)
    if (event.type === 'revoked' || event.type === 'lost') {
      this.#continuity.taken(event)
      return this.#inbox.rebalance(event, 0)
    }
    if (event.type === 'assigned') return this.#hearAssigned(event)
    if ((await this.#membership.deal(event)) || event.type !== 'failed') return
    const error = await this.#faults.look(event)
    if (error !== undefined) this.#inbox.fail(error)
  }

  async #hearAssigned(event: Rebalance): Promise<void> {
    const drives = this.#drives
    const grown = event.partitions.find(
      ({ topic, partition }) => partition >= (drives.partitionsOf(topic) ?? 0),
    )
    if (grown !== undefined) {
      if (this.#options.growth !== 'follow') return this.#inbox.fail(growth(grown.topic, drives))
      await this.#membership.count()
    }
    const { generation, memberId } = await this.#reader.groupMetadata()
    if (!this.#continuity.isBroken(event, memberId))
      return this.#inbox.rebalance(event, this.#nextEpoch(generation))
    this.#options.onTrouble(`This member was out of group ${this.#options.group}: it begins anew.`)
    await this.#membership.renew()
  }

  async #again(partition: TopicPartition): Promise<void> {
    const driver = this.#drives.driverOf(partition)
    const given = this.#holdings.get(driver)?.given
    const { generation } = await this.#reader.groupMetadata()
    if (given !== undefined) this.#inbox.again(driver, given, this.#nextEpoch(generation))
  }

  /**
   * Higher than any before, also than those of the members that had the partitions before: the group's generation grows from
   * owner to owner, and several assignments within one are told apart by what is added.
   */
  #nextEpoch(generation: number): number {
    this.#epoch = Math.max(this.#epoch + 1, Math.max(0, generation) * epochsOfGeneration)
    return this.#epoch
  }

  #startOver(): void {
    this.#inbox.renew()
    this.#continuity.clear()
    this.#begun = 0
  }

  #dropPartners(partners: readonly TopicPartition[]): void {
    void this.#quietly(this.#reader.unassign(partners))
  }

  /** What fails because the client or the hold is gone is told by events, or not of interest; the rest is told as one. */
  async #quietly(request: Promise<void>): Promise<void> {
    try {
      await request
    } catch (error) {
      if (!isOver(error)) this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    const user = userOf(this.#options.settings)
    this.#inbox.fail(clientError(error, `Group ${this.#options.group}`, 'SOURCE_FAILED', { user }))
  }
}

function growth(topic: string, drives: Drives): MillraceError {
  return fatalError(
    'PLAN_INVALID',
    `Topic ${topic} has more than its ${drives.partitionsOf(topic)} partitions by now: keys have moved, and state would be ` +
      'in the wrong place. Give the topology a new name, or drain it before a topic grows.',
    { facts: { topic } },
  )
}
