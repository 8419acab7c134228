import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type {
  CommitBackend,
  CommitOutcome,
  SealedTask,
  StateBlock,
} from '../../../engine/component/contracts/commit.ts'
import type { Log, OutgoingRecord } from '../../../engine/component/contracts/log.ts'
import { checkpointOf, type Checkpoint } from '../checkpoint.ts'
import { valueOf } from '../../../engine/component/packed-records.ts'

/** A backend under test, with the log that its records go to. */
export interface CommitHarness {
  readonly log: Log
  readonly backend: CommitBackend
  /** Before the names of topics and groups, where tests share a cluster. */
  readonly prefix?: string
  /** The worker of `backend` is gone; answers the backend of the next one, over the same data. */
  restart(): Promise<CommitBackend>
  /** Waits until everybody can read what is committed, where that takes a moment. */
  visible?(): Promise<void>
  close(): Promise<void>
}

/** The stores that the blocks of these tests belong to. */
const stores = ['ids', 'other']

/** Time limit of the tests of a file that uses this contract; the servers of a cluster are slow at times. */
const patience = 120_000

/** What every `CommitBackend` promises. `make` is called for each test, for an environment of its own. */
export function commitContract(name: string, make: () => Promise<CommitHarness>): void {
  describe(`${name} keeps the commit contract`, () => {
    jest.setTimeout(patience)
    let harness: CommitHarness
    let sequence = 0
    let restored = new Set<string>()
    const named = (plain: string): string => (harness.prefix ?? '') + plain
    const cutOf = (partition: number, parts?: Parameters<typeof sealed>[1]): SealedTask =>
      sealed(partition, parts, harness.prefix)
    const record = (value: string, partition: number): OutgoingRecord =>
      letter(value, partition, harness.prefix)

    beforeEach(async () => {
      harness = await make()
      sequence = 0
      restored = new Set()
      await harness.log.ensureTopic(named('input'), { partitions: 2 })
      await harness.log.ensureTopic(named('letters'), { partitions: 2 })
    })
    afterEach(() => harness.close())

    /** Every task is restored before its first commit. */
    const begun = async (backend: CommitBackend, tasks: readonly SealedTask[]): Promise<void> => {
      for (const task of tasks)
        await checkpointOf(backend, task, [{ topic: named('input'), partition: 0 }], stores)
    }
    const commit = async (...tasks: SealedTask[]): Promise<CommitOutcome> => {
      const fresh = tasks.filter(({ task }) => !restored.has(task))
      for (const { task } of fresh) restored.add(task)
      await begun(harness.backend, fresh)
      return harness.backend.commit({ sequence: ++sequence, tasks })
    }
    const restore = (partition: number, backend = harness.backend): Promise<Checkpoint> => {
      const task = { task: `orders/${partition}`, partition, group: named('orders') }
      return checkpointOf(backend, task, [{ topic: named('input'), partition }], stores)
    }
    const letters = async (partition: number): Promise<string[]> => {
      await harness.visible?.()
      const { records } = await harness.log.fetch({ topic: named('letters'), partition }, 0, 1000)
      return Array.from({ length: records.count }, (_, row) => valueOf(records, row)!.toString())
    }

    test('a task without a commit begins with nothing', async () => {
      expect(await restore(0)).toEqual({ positions: [undefined], blocks: [] })
    })

    test('restore gives back exactly what was committed', async () => {
      const binary = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      const metadata = 'm'.repeat(3000)
      const outcome = await commit(
        cutOf(0, {
          offset: 7,
          metadata,
          blocks: [block('ids', 20_000, binary), block('ids', 20_001, Buffer.alloc(0))],
        }),
      )
      expect(outcome).toEqual({ outcome: 'committed' })
      const { positions, blocks } = await restore(0)
      expect(positions).toEqual([{ offset: 7, metadata }])
      expect(blocks.map(readable)).toEqual([
        { store: 'ids', bucket: 20_000, bytes: binary.toString('hex') },
        { store: 'ids', bucket: 20_001, bytes: '' },
      ])
    })

    test('the last position counts, and the blocks of a store come oldest first', async () => {
      for (let turn = 1; turn <= 5; turn++) {
        const blocks = [
          block('other', 10 - turn, text(`other${turn}`)),
          block('ids', turn, text(`ids${turn}`)),
        ]
        await commit(cutOf(0, { offset: turn * 10, blocks }))
      }
      const checkpoint = await restore(0)
      expect(checkpoint.positions).toEqual([{ offset: 50, metadata: '' }])
      for (const store of stores) {
        const own = checkpoint.blocks.filter((each) => each.store === store)
        expect(own.map((each) => Buffer.from(each.bytes).toString())).toEqual(
          [1, 2, 3, 4, 5].map((turn) => store + turn),
        )
      }
    })

    test('inputs are answered in the order asked for, each on its own', async () => {
      const parked = { topic: named('letters'), partition: 1, offset: 3, metadata: 'parked' }
      const task = cutOf(1, { offset: 9 })
      await commit({ ...task, positions: [...task.positions, parked] })
      const { positions } = await checkpointOf(
        harness.backend,
        task,
        [
          { topic: named('letters'), partition: 1 },
          { topic: named('input'), partition: 0 },
          { topic: named('input'), partition: 1 },
        ],
        [],
      )
      expect(positions).toEqual([{ offset: 3, metadata: 'parked' }, undefined, { offset: 9, metadata: '' }])
    })

    test('several tasks in one commit keep to themselves, and so do groups', async () => {
      const one = cutOf(0, { offset: 1, blocks: [block('ids', 1, text('zero'))] })
      const two = cutOf(1, { offset: 2, blocks: [block('ids', 1, text('one'))] })
      await commit(one, two)
      expect((await restore(0)).positions).toEqual([{ offset: 1, metadata: '' }])
      expect((await restore(1)).positions).toEqual([{ offset: 2, metadata: '' }])
      expect((await restore(1)).blocks.map((each) => Buffer.from(each.bytes).toString())).toEqual(['one'])
      const audit = { task: 'audit/0', partition: 0, group: named('audit') }
      const other = await checkpointOf(
        harness.backend,
        audit,
        [{ topic: named('input'), partition: 0 }],
        stores,
      )
      expect(other).toEqual({ positions: [undefined], blocks: [] })
    })

    test('the committed position is the one that the log tells', async () => {
      await commit(cutOf(0, { offset: 5, metadata: 'ranges' }))
      const input = { topic: named('input'), partition: 0 }
      expect(await harness.log.committed(named('orders'), input)).toEqual({ offset: 5, metadata: 'ranges' })
      expect(await harness.log.committed(named('audit'), input)).toBeUndefined()
    })

    test('records are in their topics, in order, once the commit took effect', async () => {
      await commit(cutOf(0, { records: [record('a', 1), record('b', 1), record('c', 0)] }))
      await commit(cutOf(1, { records: [record('d', 1)] }), cutOf(0, { records: [record('e', 1)] }))
      expect((await letters(1)).slice(0, 2)).toEqual(['a', 'b'])
      expect((await letters(1)).slice(2).sort()).toEqual(['d', 'e'])
      expect(await letters(0)).toEqual(['c'])
    })

    test('a commit of which one record cannot be written leaves nothing', async () => {
      await commit(cutOf(0, { offset: 1, blocks: [block('ids', 1, text('before'))] }))
      const bad = { ...record('lost', 0), topic: 'no-such-topic' }
      const outcome = await commit(
        cutOf(0, { offset: 2, blocks: [block('ids', 1, text('after'))], records: [record('half', 0)] }),
        cutOf(1, { offset: 2, records: [bad] }),
      )
      expect(['failed', 'aborted']).toContain(outcome.outcome)
      const { positions, blocks } = await restore(0)
      expect(positions).toEqual([{ offset: 1, metadata: '' }])
      expect(blocks.map((each) => Buffer.from(each.bytes).toString())).toEqual(['before'])
      expect((await restore(1)).positions).toEqual([undefined])
      expect(await letters(0)).toEqual([])
    })

    test('work goes on after a commit that failed', async () => {
      await commit(cutOf(0, { offset: 2, records: [{ ...record('lost', 0), topic: 'no-such-topic' }] }))
      expect(await commit(cutOf(0, { offset: 3, records: [record('kept', 0)] }))).toEqual({
        outcome: 'committed',
      })
      expect((await restore(0)).positions).toEqual([{ offset: 3, metadata: '' }])
      expect(await letters(0)).toEqual(['kept'])
    })

    test('the same commit sent twice takes effect once', async () => {
      const task = cutOf(0, {
        offset: 4,
        blocks: [block('ids', 1, text('once'))],
        records: [record('once', 1)],
      })
      await begun(harness.backend, [task])
      for (let turn = 0; turn < 3; turn++) {
        expect(await harness.backend.commit({ sequence: 1, tasks: [task] })).toEqual({
          outcome: 'committed',
        })
      }
      expect((await restore(0)).blocks).toHaveLength(1)
      expect(await letters(1)).toEqual(['once'])
    })

    test('expired buckets are gone, of that task and store only', async () => {
      const blocks = [block('ids', 1, text('1')), block('ids', 2, text('2')), block('other', 1, text('kept'))]
      await commit(cutOf(0, { blocks }), cutOf(1, { blocks: [block('ids', 1, text('kept'))] }))
      await commit(cutOf(0, { blocks: [block('ids', 3, text('3'))], expired: [{ store: 'ids', below: 2 }] }))
      const left = async (): Promise<string> =>
        (await restore(0)).blocks
          .map(({ store, bucket }) => `${store} ${bucket}`)
          .sort()
          .join()
      // Some delete a little later.
      for (let tries = 0; tries < 100 && (await left()) !== 'ids 2,ids 3,other 1'; tries++)
        await new Promise((resolve) => setTimeout(resolve, 20))
      expect(await left()).toBe('ids 2,ids 3,other 1')
      expect((await restore(1)).blocks).toHaveLength(1)
    })

    test('a commit of nothing takes effect', async () => {
      expect(await commit()).toEqual({ outcome: 'committed' })
      expect(await commit(cutOf(0, { offset: 1 }))).toEqual({ outcome: 'committed' })
    })

    test('the next worker finds everything, and counts its own commits', async () => {
      await commit(
        cutOf(0, { offset: 1, blocks: [block('ids', 1, text('first'))], records: [record('first', 0)] }),
      )
      const next = await harness.restart()
      expect((await restore(0, next)).positions).toEqual([{ offset: 1, metadata: '' }])
      const task = cutOf(0, { offset: 2, epoch: 2, blocks: [block('ids', 1, text('second'))] })
      await begun(next, [task])
      expect(await next.commit({ sequence: 1, tasks: [task] })).toEqual({ outcome: 'committed' })
      const { positions, blocks } = await restore(0, next)
      expect(positions).toEqual([{ offset: 2, metadata: '' }])
      expect(blocks.map((each) => Buffer.from(each.bytes).toString())).toEqual(['first', 'second'])
    })
  })
}

/** The task `orders/{partition}`, which reads `input`. */
export function sealed(
  partition: number,
  parts: Partial<SealedTask> & { readonly offset?: number; readonly metadata?: string } = {},
  prefix = '',
): SealedTask {
  const { offset = 0, metadata = '', ...rest } = parts
  return {
    task: `orders/${partition}`,
    partition,
    epoch: 1,
    group: `${prefix}orders`,
    positions: [{ topic: `${prefix}input`, partition, offset, metadata }],
    blocks: [],
    expired: [],
    records: [],
    outputs: [],
    ...rest,
  }
}

/** A record for the topic `letters`. */
export function letter(value: string, partition: number, prefix = ''): OutgoingRecord {
  return {
    topic: `${prefix}letters`,
    partition,
    key: text('key'),
    value: text(value),
    headers: [],
    timestamp: 1_700_000_000_000,
  }
}

function block(store: string, bucket: number, bytes: Uint8Array): StateBlock {
  return { store, bucket, bytes }
}

function text(value: string): Buffer {
  return Buffer.from(value)
}

function readable({ store, bucket, bytes }: StateBlock): unknown {
  return { store, bucket, bytes: Buffer.from(bytes).toString('hex') }
}
