// Kafka Streams' own TopologyTestDriver, as an outside witness: java/streams/StreamsWitness.java, one JVM for many cases.

import { createInterface } from 'node:readline'
import { startProgram } from './interop-process.ts'
import { streamsClassPath } from './streams-jars.ts'

/** A record that is piped in, to the topic `in` unless another is named; times in milliseconds since 1970. */
export interface WitnessRecord {
  readonly topic?: 'in' | 'table'
  readonly key: string | null
  readonly time: number
  /** JSON; null is a tombstone. Aggregates are of the field `amount`. */
  readonly value: Readonly<Record<string, unknown>> | null
}

/** Windows as Kafka Streams has them; tumbling ones are `hopping` with `every` = `size`. */
export type WitnessWindow =
  | { readonly kind: 'none' }
  | { readonly kind: 'hopping'; readonly size: number; readonly every: number; readonly grace: number }
  | { readonly kind: 'session'; readonly gap: number; readonly grace: number }
  | { readonly kind: 'sliding'; readonly size: number; readonly grace: number }

/**
 * An aggregate, or a join with the topic `table`. `suppress` is `Suppressed.untilWindowCloses`, `close` is
 * `EmitStrategy.onWindowClose`, and `update` is every change, without a cache.
 */
export type WitnessTopology =
  | { readonly window: WitnessWindow; readonly emit: 'update' | 'suppress' | 'close' }
  | { readonly join: 'inner' | 'left'; readonly global?: boolean }

/** Something that was sent: `at` is the index of the record that caused it. */
export interface WitnessSent {
  readonly at: number
  readonly key: string | null
  readonly from?: number
  readonly to?: number
  readonly time: number
  readonly value: Readonly<Record<string, unknown>> | null
}

/** What became of the records. */
export interface WitnessAnswer {
  readonly sent: readonly WitnessSent[]
  /** By record: how often it was counted as dropped (for each window that was closed, once). */
  readonly dropped: readonly number[]
}

export interface StreamsWitness {
  answer(topology: WitnessTopology, records: readonly WitnessRecord[]): Promise<WitnessAnswer>
  close(): Promise<void>
}

const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData']
const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=off'

/** Starts the JVM; it ends with `close`, which waits for that, or with this process. */
export async function startStreamsWitness(): Promise<StreamsWitness> {
  const child = startProgram('java', [...flags, quiet, '-cp', await streamsClassPath(), 'StreamsWitness'])
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const trouble: string[] = []
  child.stderr.on('data', (chunk: Buffer) => trouble.push(chunk.toString()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (question: object): Promise<WitnessAnswer> => {
    child.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`Kafka Streams ended: ${trouble.join('')}`)
    const answer = JSON.parse(value) as WitnessAnswer & { readonly error?: string }
    if (answer.error !== undefined) throw new Error(`Kafka Streams: ${answer.error}`)
    return answer
  }
  return {
    answer: (topology, records) => ask({ ...topology, records }),
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}
