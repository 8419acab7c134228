// Kafka's own Java client, as an outside witness: java/Interop.java, one JVM per call (under a second).

import { once } from 'node:events'
import { type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { missingProgram } from './command.ts'
import { linesOf, runProgram, startProgram } from './interop-process.ts'
import {
  seenRecord,
  sentLine,
  type ConsumeOptions,
  type Position,
  type ProduceOptions,
  type SeenRecord,
  type SentRecord,
} from './interop-records.ts'
import { archiveFlags } from './kafka-archive.ts'
import { kafkaProgram } from './kafka-jars.ts'

type Client = Readonly<Record<string, string>>

/** The committed position of a group. */
export interface CommittedOffset {
  topic: string
  partition: number
  offset: number
  metadata: string
}

/** The high watermark and the last stable offset of a partition. */
export interface PartitionEnd {
  partition: number
  read_uncommitted: number
  read_committed: number
}

/** Transactional producers of one JVM, step by step; each step resolves when the broker has done it. */
export interface JavaTransactions {
  /** Makes a producer and fences those with the same id; `timeout` in milliseconds, 60 s by default. */
  open(producer: string, options: { transactionalId: string; timeout?: number }): Promise<void>
  begin(producer: string): Promise<void>
  /** Resolves with the position of the record, which is then in the log. */
  send(producer: string, topic: string, record: SentRecord): Promise<Position>
  offsets(producer: string, group: string, offsets: readonly CommittedOffset[]): Promise<void>
  commit(producer: string): Promise<void>
  abort(producer: string): Promise<void>
  /** Ends the JVM at once: open transactions stay open until they run out of time. */
  leave(): Promise<void>
}

/** All commands take the properties of the Java client: `clientProperties('java', kafka)`. */
export const java = {
  async consume({ ...options }: ConsumeOptions): Promise<SeenRecord[]> {
    return linesOf(await interop('consume', options)).map(seenRecord)
  },

  /** Answers in the order of the records. */
  async produce({ records, ...options }: ProduceOptions): Promise<Position[]> {
    const input = records.map((record) => JSON.stringify(sentLine(record))).join('\n')
    return linesOf(await interop('produce', options, input)).map((line) => JSON.parse(line) as Position)
  },

  /** The partition that the Java client's default partitioner gives each key. */
  async partition(keys: readonly Buffer[], partitions: number): Promise<number[]> {
    const input = keys.map((key) => key.toString('base64')).join('\n')
    return linesOf(await interop('partition', { partitions }, `${input}\n`)).map(Number)
  },

  /** What a group has committed, by topic and partition. */
  async offsets(options: { client: Client; group: string }): Promise<CommittedOffset[]> {
    const found = linesOf(await interop('offsets', options)).map(
      (line) => JSON.parse(line) as CommittedOffset,
    )
    return found.sort((one, other) => one.topic.localeCompare(other.topic) || one.partition - other.partition)
  },

  /** Where the partitions of a topic end, as either isolation level sees it; ascending. */
  async ends(options: { client: Client; topic: string }): Promise<PartitionEnd[]> {
    return linesOf(await interop('ends', options)).map((line) => JSON.parse(line) as PartitionEnd)
  },

  /** Commits for a group without members. */
  async commit(options: {
    client: Client
    group: string
    offsets: readonly CommittedOffset[]
  }): Promise<void> {
    await interop('commit', options)
  },

  async transactions(options: { client: Client }): Promise<JavaTransactions> {
    return startTransactions(options)
  },
}

const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData']
const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=off'

async function javaArguments(command: string, options: object): Promise<string[]> {
  const program = await kafkaProgram()
  const java = [...flags, ...archiveFlags(program), quiet, '-cp', program.classPath]
  return [...java, 'Interop', command, JSON.stringify(options)]
}

async function interop(command: string, options: object, input = ''): Promise<Buffer> {
  const { stdout } = await runProgram('java', await javaArguments(command, options), input)
  return stdout
}

async function startTransactions(options: { client: Client }): Promise<JavaTransactions> {
  const child = startProgram('java', await javaArguments('transactions', options))
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  child.stderr.resume()
  child.unref()
  // While a step waits, and no longer: forgotten producers do not keep a test run alive.
  const pipe = child.stdout as unknown as Socket
  const failed = once(child, 'error').then(([error]) => {
    throw missingProgram('java', error) ?? error
  })
  failed.catch(() => undefined)

  let last: Promise<unknown> = Promise.resolve()
  const step = <T>(line: object): Promise<T> => {
    const next = last.then(async () => {
      pipe.ref()
      child.stdin.write(`${JSON.stringify(line)}\n`)
      const answer = (await Promise.race([answers.next(), failed])) as IteratorResult<string>
      pipe.unref()
      if (answer.done) throw new Error('the Java producers ended')
      const result = JSON.parse(answer.value) as T & { error?: string }
      if (result.error !== undefined) throw new Error(result.error)
      return result
    })
    last = next.catch(() => undefined)
    return next
  }
  return {
    open: (producer, how) => step({ step: 'open', producer, ...how }),
    begin: (producer) => step({ step: 'begin', producer }),
    send: (producer, topic, record) => step({ step: 'send', producer, topic, ...sentLine(record) }),
    offsets: (producer, group, offsets) => step({ step: 'offsets', producer, group, offsets }),
    commit: (producer) => step({ step: 'commit', producer }),
    abort: (producer) => step({ step: 'abort', producer }),
    leave: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.ref()
      child.kill('SIGKILL')
      await ended
    },
  }
}
