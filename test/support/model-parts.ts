import { z } from 'zod'
import {
  defineProcessor,
  defineSink,
  downstreamError,
  flatMap,
  keep,
  mapValue,
  mapValueAsync,
  permanentError,
  route,
  type Registry,
  type RowOutcome,
  type WriteBatch,
} from '../../engine/component/index.ts'
import { aggregate } from '../../processors/aggregate.ts'
import { dedupe } from '../../processors/dedupe.ts'
import { join } from '../../processors/join.ts'
import { merge } from '../../processors/merge.ts'
import { resequence } from '../../processors/resequence.ts'
import { schedule } from '../../processors/schedule.ts'
import { topic as topicSink } from '../../sinks/topic.ts'
import { topic } from '../../sources/topic.ts'
import type { Random } from './harness-records.ts'
import type { Life } from './model-life.ts'

/** The values of these tests. `path` tells the nodes that it went through. */
export interface TestValue {
  readonly id: string
  /** Event time. */
  readonly time?: number
  /** Nodes at which the record fails, until it is mended: for ever, or so many times. */
  readonly fails?: Readonly<Record<string, number>>
  /** Nodes whose downstream is away for this record, until it is mended. */
  readonly away?: Readonly<Record<string, number>>
  readonly pad?: string
  readonly path?: readonly string[]
  /** Which piece of its record, and of which piece: `1.0`. */
  readonly piece?: string
}

/** One effect, as a sink saw it. */
export interface Effect {
  readonly worker: string
  readonly node: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly id: string
  readonly path: string
  readonly timestamp: number
  /** As the sink got it. */
  readonly value: unknown
}

/** What all components of a cluster share: how they misbehave, and what came of it. */
export class ModelWorld {
  readonly effects: Effect[] = []
  /** Told when a sink begins to write a record. */
  onWriting: (worker: string, topic: string, partition: number, offset: number) => void = () => undefined
  /** True once what fails for ever is mended. */
  mended = false
  /** True: failures are counted for an id, not for each of its positions. */
  countById = false
  /** Shares: of slow answers, of lost answers after an effect, of calls that fail before any. */
  /** Sinks that are away. */
  readonly awaySinks = new Set<string>()
  faults = { slow: 0.5, slowest: 60, noAnswer: 0, refused: 0 }
  readonly #tries = new Map<string, number>()

  /** Throws where the record is to fail at this node. */
  trouble(node: string, value: TestValue, position: string): void {
    if (value.away?.[node] !== undefined && !this.mended) throw downstreamError('TIMED_OUT', 'away')
    const times = value.fails?.[node]
    if (times === undefined || this.mended) return
    const who = this.countById ? value.id : position
    const name = `${node} ${who} ${(value.path ?? []).join()} ${value.piece ?? ''}`
    const tries = (this.#tries.get(name) ?? 0) + 1
    this.#tries.set(name, tries)
    if (times < 0) throw permanentError('RECORD_INVALID', `${value.id} is bad`)
    if (tries <= times) throw new Error(`${value.id} fails for the ${tries}th time`)
  }

  async pause(life: Life): Promise<void> {
    await life.turn()
    if (life.random.chance(this.faults.slow)) await life.sleep(life.random.below(this.faults.slowest))
  }

  registry(life: Life): Registry {
    const processors = { aggregate, dedupe, join, merge, resequence, schedule, ...testProcessors(this, life) }
    return { sources: { topic }, processors, sinks: { effect: effectSink(this, life), topic: topicSink } }
  }
}

function positionOf(record: {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}): string {
  return `${record.topic}/${record.partition}@${record.offset}`
}

function through(value: TestValue, node: string): TestValue {
  return { ...value, path: [...(value.path ?? []), node] }
}

const config = z.strictObject({ n: z.number().prefault(2) })
const described = {
  summary: 'A node of a test.',
  config,
  examples: [{ title: 'Plain', config: {} }] as const,
}

function testProcessors(world: ModelWorld, life: Life) {
  const check = (node: string, value: TestValue, record: Parameters<typeof positionOf>[0]): TestValue => {
    world.trouble(node, value, positionOf(record))
    return through(value, node)
  }
  return {
    'map-it': defineProcessor({
      ...described,
      name: 'map-it',
      create: (_, { node }) => mapValue((value: TestValue, record) => check(node, value, record)),
    }),
    place: defineProcessor({
      ...described,
      name: 'place',
      create: () => mapValue((value: TestValue, record) => ({ ...value, at: record.offset })),
    }),
    wait: defineProcessor({
      ...described,
      name: 'wait',
      create: ({ n }, { node }) =>
        mapValueAsync(
          async (value: TestValue, record) => {
            const at = { topic: record.topic, partition: record.partition, offset: record.offset }
            await world.pause(life)
            return check(node, value, at)
          },
          { concurrency: n },
        ),
    }),
    sieve: defineProcessor({
      ...described,
      name: 'sieve',
      outputs: () => ['rest'],
      create: ({ n }, { node }) =>
        keep(
          (record) => {
            world.trouble(node, record.value as TestValue, positionOf(record))
            return record.offset % n !== 0
          },
          { otherwise: 'rest' },
        ),
    }),
    fan: defineProcessor({
      ...described,
      name: 'fan',
      several: true,
      create: ({ n }, { node }) =>
        flatMap((value: TestValue, record) => {
          const good = check(node, value, record)
          return Array.from({ length: record.offset % (n + 1) }, (_, piece) => ({
            ...good,
            piece: `${good.piece === undefined ? '' : `${good.piece}.`}${piece}`,
          }))
        }),
    }),
    split: defineProcessor({
      ...described,
      name: 'split',
      outputs: () => ['left', 'right'],
      create: (_, { node }) =>
        route((record) => {
          world.trouble(node, record.value as TestValue, positionOf(record))
          return [undefined, 'left', 'right'][record.offset % 3]
        }),
    }),
  }
}

const sinkConfig = z.strictObject({
  order: z.enum(['batch', 'record']).prefault('record'),
  most: z.number().prefault(10),
})

function effectSink(world: ModelWorld, life: Life) {
  return defineSink({
    name: 'effect',
    summary: 'Notes every effect.',
    idempotent: false,
    config: sinkConfig,
    examples: [{ title: 'Plain', config: {} }],
    async open({ order, most }, { node }) {
      return {
        order,
        concurrency: order === 'batch' ? 1 : 4,
        maxBatch: most,
        write: (batch) => write(world, life, node, batch),
        close: async () => undefined,
      }
    },
  })
}

/** Writes what is good, and answers as real sinks do: late, for each record, or not at all. */
function write(
  world: ModelWorld,
  life: Life,
  node: string,
  batch: WriteBatch,
): Promise<RowOutcome[]> | RowOutcome[] {
  const { random } = life
  const { faults } = world
  for (let n = 0; n < batch.length && life.alive; n++) {
    const { topic, partition, offset } = batch.record(n)
    world.onWriting(life.name, topic, partition, offset)
  }
  if (world.awaySinks.has(node)) throw downstreamError('TIMED_OUT', `${node} is away`)
  if (life.alive && random.chance(faults.slow)) return writeLate(world, life, node, batch)
  if (random.chance(faults.refused)) throw downstreamError('TIMED_OUT', 'away')
  const outcomes = writeNow(world, life, node, batch, random)
  if (random.chance(faults.noAnswer)) throw new Error('the connection broke after the write')
  return outcomes
}

async function writeLate(
  world: ModelWorld,
  life: Life,
  node: string,
  batch: WriteBatch,
): Promise<RowOutcome[]> {
  await world.pause(life)
  if (life.random.chance(world.faults.refused)) throw downstreamError('TIMED_OUT', 'away')
  const outcomes = writeNow(world, life, node, batch, life.random)
  await world.pause(life)
  if (life.random.chance(world.faults.noAnswer)) throw new Error('the connection broke before the answer')
  return outcomes
}

function writeNow(
  world: ModelWorld,
  life: Life,
  node: string,
  batch: WriteBatch,
  random: Random,
): RowOutcome[] {
  const refused = new Set<string>()
  return Array.from({ length: batch.length }, (_, n): RowOutcome => {
    const key = batch.keyText(n)
    if (key !== undefined && refused.has(key)) return { outcome: 'untried' }
    const record = batch.record(n)
    // A tombstone has no id, and no trouble.
    const value = record.value === null ? undefined : (record.value as TestValue)
    try {
      if (random.chance(world.faults.refused)) throw new Error('the row was refused')
      if (value !== undefined) world.trouble(node, value, positionOf(record))
    } catch (error) {
      if (key !== undefined) refused.add(key)
      return { outcome: 'refused', error }
    }
    if (life.alive) note(world, life, node, record, value)
    return { outcome: 'stored' }
  })
}

function note(
  world: ModelWorld,
  life: Life,
  node: string,
  record: ReturnType<WriteBatch['record']>,
  value: TestValue | undefined,
): void {
  const effect: Effect = {
    worker: life.name,
    node,
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    key: record.key === null ? null : record.key.toString(),
    id: value?.id ?? '',
    path: (value?.path ?? []).join('>') + (value?.piece === undefined ? '' : `#${value.piece}`),
    timestamp: record.timestamp,
    value: value ?? null,
  }
  world.effects.push(effect)
}
