// The order of a commit's questions, and what may happen between them: a task is given up, or comes back. No broker is
// asked: what the brokers themselves refuse is in commit.int.test.ts.

import { describe, expect, test } from '@jest/globals'
import type { CommitOutcome, SealedTask } from '../../../engine/component/contracts/commit.ts'
import type { LocalState } from '../../../engine/component/contracts/local-state.ts'
import { packRecords } from '../../../engine/component/packed-records.ts'
import { Changelogs, type ChangelogsOptions } from '../../../engine/kafka/changelogs.ts'
import { KafkaCommit, type CommittingMember, type KafkaCommitOptions } from '../../../engine/kafka/commit.ts'
import type { Ended, Transaction } from '../../../engine/kafka/transactions.ts'
import { changelogFormat } from '../../../engine/state/changelog-format.ts'
import { sealed } from '../../support/contracts/commit-contract.ts'
import { ids } from '../state/local-copies.ts'

const input = { topic: 'input', partition: 0 }
const ref = { task: 'orders/0', partition: 0, group: 'orders' }
const stores = [{ name: 'unique', kind: 'ids' }] as const
const identity = { bytes: Buffer.from('member'), memberId: 'member', generation: 1 }

/** A worker's backend whose transactions and identities are answered by hand. */
class Hands {
  /** Under which partition 0 is held; undefined = it is not. */
  epoch: number | undefined = 1
  /** Where the changelog ends. */
  end = 0
  /** What the transaction under way is to be answered with. */
  ended = Promise.withResolvers<Ended>()
  identity: Promise<typeof identity | undefined> = Promise.resolve(identity)
  readonly transactions: Transaction[] = []
  /** `upTo` of what was added to local copies. */
  readonly copied: number[] = []
  readonly #begun = Promise.withResolvers<void>()
  readonly backend = new KafkaCommit({
    member: this.#member(),
    transactions: this.#transactions(),
    changelogs: new Changelogs(this.#changelogs()),
  })

  /** Resolves when a transaction is under way. */
  get begun(): Promise<void> {
    return this.#begun.promise
  }

  async restore(): Promise<void> {
    await this.backend.positions(ref, [input])
    await this.backend.restore(ref, stores, () => undefined)
  }

  /** Its outcome, once `between` is done while the transaction is under way. */
  async commit(cut: SealedTask, between: () => Promise<void> | void, ended: Ended): Promise<CommitOutcome> {
    const outcome = this.backend.commit({ sequence: 1, tasks: [cut] })
    await this.begun
    await between()
    this.ended.resolve(ended)
    return outcome
  }

  #member(): CommittingMember {
    return {
      identity: () => this.identity,
      epochOf: () => this.epoch,
      commit: () => Promise.resolve(),
      committed: (partitions) => Promise.resolve(partitions.map(() => undefined)),
    }
  }

  #transactions(): KafkaCommitOptions['transactions'] {
    return {
      run: (transaction) => {
        this.transactions.push(transaction)
        this.#begun.resolve()
        return this.ended.promise
      },
      ask: () => this.ended.promise,
      close: () => Promise.resolve(),
    }
  }

  #changelogs(): ChangelogsOptions {
    const description = { id: 'topic', partitions: [{ leader: 1 }] }
    return {
      log: {
        partitionsOf: () => Promise.resolve(1),
        fetch: ({ topic, partition }) =>
          Promise.resolve({ records: packRecords(topic, partition, [], 0), next: this.end }),
      },
      admin: {
        cluster: () => Promise.resolve({ id: 'cluster' }),
        topics: (names: readonly string[]) =>
          Promise.resolve(new Map(names.map((name) => [name, description]))),
        createTopic: () => Promise.resolve(true),
        offsets: (places: readonly unknown[]) => Promise.resolve(places.map(() => this.end)),
        deleteRecords: () => Promise.resolve(),
      } as unknown as ChangelogsOptions['admin'],
      format: changelogFormat,
      openLocal: () => Promise.resolve(this.#copy()),
      dir: '',
      trouble: (sentence) => expect(sentence).toBe(''),
    }
  }

  #copy(): LocalState {
    return {
      upTo: undefined,
      bytes: 0,
      read: () => Promise.resolve(),
      append: (blocks, upTo) => {
        if (blocks.length > 0) this.copied.push(upTo)
      },
      expire: () => undefined,
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
      discard: () => Promise.resolve(),
    }
  }
}

const withBlock = (parts: Partial<SealedTask> = {}): SealedTask =>
  sealed(0, { blocks: [ids(5, 1)], expired: [{ store: 'unique', below: 5 }], offset: 9, ...parts })

/** Committed, with the block at this offset of the changelog. */
const committedAt = (offset: number): Ended => ({
  how: 'committed',
  written: [{ partitions: Int32Array.of(0), offsets: Float64Array.of(offset), failed: [] }],
})

const aborted: Ended = {
  how: 'aborted',
  error: new Error('aborted') as Extract<Ended, { error: unknown }>['error'],
}

describe('a task that is given up while its commit is under way', () => {
  test('is committed all the same, where the brokers say so', async () => {
    const hands = new Hands()
    await hands.restore()
    const outcome = await hands.commit(withBlock(), () => hands.backend.release(ref.task), committedAt(4))
    expect(outcome).toEqual({ outcome: 'committed' })
    expect(hands.copied).toEqual([])
  })

  test('and comes back: what was restored with it is not added to its copy again', async () => {
    const hands = new Hands()
    await hands.restore()
    const back = async (): Promise<void> => {
      hands.backend.release(ref.task)
      hands.end = 5
      hands.epoch = 2
      await hands.restore()
    }
    expect(await hands.commit(withBlock(), back, committedAt(4))).toEqual({ outcome: 'committed' })
    expect(hands.copied).toEqual([])
  })

  test('is lost when its commit was aborted, and would have to be sent again', async () => {
    const hands = new Hands()
    await hands.restore()
    const cut = withBlock()
    expect(await hands.commit(cut, () => hands.backend.release(ref.task), aborted)).toMatchObject({
      outcome: 'aborted',
    })
    const again = await hands.backend.commit({ sequence: 1, tasks: [cut] })
    expect(again).toEqual({ outcome: 'lost', tasks: [ref.task] })
    expect(hands.transactions).toHaveLength(1)
  })

  test('a task that stays has its block in its copy', async () => {
    const hands = new Hands()
    await hands.restore()
    expect(await hands.commit(withBlock(), () => undefined, committedAt(4))).toEqual({ outcome: 'committed' })
    expect(hands.copied).toEqual([5])
  })
})

describe('a task whose partition goes away, and comes back, while the member is asked who it is', () => {
  // By then the member is one of a new generation: the brokers would accept what it sends.
  test.each(['with state', 'without'])('%s: is lost, and nothing is written', async (state) => {
    const hands = new Hands()
    hands.ended.resolve(committedAt(4))
    await hands.restore()
    const asked = Promise.withResolvers<typeof identity | undefined>()
    hands.identity = asked.promise
    const record = { ...input, key: null, value: Buffer.from('letter'), headers: [], timestamp: 1 }
    const cut = state === 'without' ? sealed(0, { records: [record] }) : withBlock()
    const outcome = hands.backend.commit({ sequence: 1, tasks: [cut] })
    hands.backend.release(ref.task)
    hands.epoch = 2
    await hands.restore()
    asked.resolve({ ...identity, generation: 2 })
    expect(await outcome).toEqual({ outcome: 'lost', tasks: [ref.task] })
    expect(hands.transactions).toEqual([])
  })

  test('nothing is written while nobody can say who the member is', async () => {
    const hands = new Hands()
    await hands.restore()
    hands.identity = Promise.resolve(undefined)
    expect(await hands.backend.commit({ sequence: 1, tasks: [withBlock()] })).toMatchObject({
      outcome: 'aborted',
      error: { kind: 'downstream' },
    })
    expect(hands.transactions).toEqual([])
  })
})
