// A project with parked letters, as a worker leaves them.
import { expect } from '@jest/globals'
import { openProject, type Project } from '../../cli/project/project.ts'
import { plainRecord, type PlainRecord } from '../../engine/component/packed-records.ts'
import { encodeMetadata } from '../../engine/runtime/commit-metadata.ts'
import { Intervals } from '../../engine/runtime/intervals.ts'
import { decodeParked, encodeLetter, parkedTopic, type LetterInfo } from '../../engine/runtime/letters.ts'
import { makeProject, millrace } from './command-line.ts'

const at = Date.UTC(2026, 4, 1)

export interface Parked {
  readonly key: string | Buffer | null
  readonly offset: number
  readonly follower?: boolean
  readonly value?: Uint8Array | null
  readonly node?: string
  /** Milliseconds after the others. */
  readonly firstFailure?: number
}

export const someLetters: readonly Parked[] = [
  { key: 'order-7', offset: 10 },
  { key: 'order-9', offset: 11 },
  { key: 'order-7', offset: 12, follower: true },
  { key: null, offset: 13 },
  { key: 'order-7', offset: 15, follower: true },
]

/** A project, and what a worker does in it. */
export function parkingProject() {
  const project = makeProject()
  async function inProject<T>(work: (opened: Project) => Promise<T>, worker = false): Promise<T> {
    const opened = await openProject({ cwd: project.folder })
    try {
      if (worker) opened.acquireWorkerLock()
      return await work(opened)
    } finally {
      await opened.close()
    }
  }

  /** Writes letters as a worker does. */
  async function park(letters: readonly Parked[], group = 'notes', topic = 'events'): Promise<void> {
    await inProject(async ({ log }) => {
      await log.ensureTopic(parkedTopic(group, topic), { partitions: 2 })
      const records = letters.map((letter) => {
        const { key, offset, follower = false, value = Buffer.from('{"n":1}') } = letter
        const info: LetterInfo = {
          ...{
            topic,
            partition: 0,
            offset,
            timestamp: at,
            group,
            node: letter.node ?? 'table',
            follower,
            attempts: follower ? 0 : 5,
          },
          ...{
            kind: 'record',
            code: 'ROW_REFUSED',
            message: `row ${offset} is refused`,
            firstFailure: at + (letter.firstFailure ?? 0),
            parkedAt: at + 1000,
          },
        }
        const headers = [{ name: 'trace', value: Buffer.from('t-1') }]
        const record: PlainRecord = {
          key: key === null ? null : Buffer.from(key),
          value,
          headers,
          timestamp: at,
        }
        return { topic: parkedTopic(group, topic), partition: 0, ...encodeLetter(info, record) }
      })
      await log.append(records)
    })
  }

  /** Settles letters as a worker does: the lowest open one, and the settled ranges beyond it. */
  async function settle(offset: number, beyond: readonly [number, number][] = []): Promise<void> {
    const ranges = new Intervals()
    for (const [start, end] of beyond) ranges.add(start, end)
    const position = {
      topic: parkedTopic('notes', 'events'),
      partition: 0,
      offset,
      metadata: encodeMetadata(offset, ranges),
    }
    await inProject(async ({ backend }) => {
      const task = {
        task: 'notes/0',
        epoch: 1,
        group: 'notes',
        positions: [position],
        blocks: [],
        expired: [],
        partition: 0,
        records: [],
        outputs: [],
      }
      expect(await backend.commit({ sequence: 1, tasks: [task] })).toEqual({ outcome: 'committed' })
    }, true)
  }

  /** The commands in the parked partition. */
  async function commands(topic = parkedTopic('notes', 'events')) {
    return inProject(async ({ log }) => {
      const { records } = await log.fetch({ topic, partition: 0 }, 0, 10_000)
      return Array.from({ length: records.count }, (_, row) =>
        decodeParked(plainRecord(records, row)),
      ).flatMap((entry) =>
        entry.type === 'command'
          ? [{ key: entry.key === null ? null : Buffer.from(entry.key).toString(), ...entry.command }]
          : [],
      )
    })
  }

  /** What is written down of acts. */
  async function acts(): Promise<Record<string, unknown>[]> {
    return inProject(async ({ log }) => {
      if ((await log.partitionsOf('millrace.acts')) === undefined) return []
      const { records } = await log.fetch({ topic: 'millrace.acts', partition: 0 }, 0, 1000)
      return Array.from({ length: records.count }, (_, row) => {
        const { value } = plainRecord(records, row)
        return JSON.parse(Buffer.from(value!).toString()) as Record<string, unknown>
      })
    })
  }

  const dlq = (...words: string[]) => millrace(project.folder, ['dlq', ...words])
  return {
    folder: project.folder,
    inProject,
    park,
    settle,
    commands,
    acts,
    dlq,
    remove: () => project.remove(),
  }
}
