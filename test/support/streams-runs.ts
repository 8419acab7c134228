// Runs on this engine what Kafka Streams is asked as well: a topology in an embedded store, on a virtual clock.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedPlaces } from '../../cli/test/place.ts'
import { loadTopologyPlan } from '../../cli/project/topology-plan.ts'
import { caseFileSchema } from '../../engine/testing/case-schema.ts'
import type { HeldRecord } from '../../engine/testing/place.ts'
import { runCase } from '../../engine/testing/run-case.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import type { WitnessRecord, WitnessWindow } from './servers/streams-java.ts'

/** A record of a topic as it was read back. */
export interface ReadRecord {
  readonly key: string | null
  readonly time: number
  readonly value: Readonly<Record<string, unknown>> | null
}

/** The setting of an aggregate's windows. */
export function windowSetting(window: WitnessWindow): string {
  switch (window.kind) {
    case 'none':
      return ''
    case 'hopping':
      return `window: { hopping: ${window.size}ms, every: ${window.every}ms, grace: ${window.grace}ms },`
    case 'session':
      return `window: { session: ${window.gap}ms, grace: ${window.grace}ms },`
    case 'sliding':
      return `window: { sliding: ${window.size}ms, grace: ${window.grace}ms },`
  }
}

/** Reads a topology from its text. */
export async function planOf(yaml: string): Promise<TopologyPlan> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-streams-'))
  try {
    const file = join(folder, 'compared.yaml')
    writeFileSync(file, yaml)
    return await loadTopologyPlan(file, { sources, processors, sinks }, {})
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Runs batches of records, each of which settles and is committed before the next one comes, and answers what is then in
 * topics. Records for the topic `table` go to the source `table`, the others to `in`.
 */
export async function runBatches(
  plan: TopologyPlan,
  batches: readonly (readonly WitnessRecord[])[],
  topics: readonly string[],
): Promise<ReadRecord[][]> {
  const [first, ...then] = batches.map((batch) => ({
    given: batch.map(({ topic = 'in', key, time, value }) => ({
      source: topic,
      key,
      value,
      timestamp: new Date(time).toISOString(),
    })),
  }))
  const { cases, now } = caseFileSchema.parse({ cases: [{ name: 'compared', ...first, then }] })
  const project = tmpdir()
  const places = embeddedPlaces({ cwd: project, topology: join(project, 'compared.yaml'), project }, false)
  const read: ReadRecord[][] = []
  const findings = await runCase({
    plan,
    testCase: cases[0]!,
    now,
    values: {},
    openPlace: async (clock) => {
      const place = await places.open(clock)
      const readAll = async (): Promise<void> => {
        for (const topic of topics) read.push(((await place.records(topic)) ?? []).map(readRecord))
        await place.close()
      }
      return replacing(place, 'close', readAll)
    },
  })
  if (findings.length > 0) throw new Error(findings.map(({ what }) => what).join('\n'))
  return read
}

function readRecord({ key, value, timestamp }: HeldRecord): ReadRecord {
  return {
    key: key === null ? null : Buffer.from(key).toString(),
    time: timestamp,
    value: value === null ? null : (JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>),
  }
}

/** The same object, but for one of its methods. */
function replacing<Whole extends object>(whole: Whole, method: keyof Whole, by: () => Promise<void>): Whole {
  return new Proxy(whole, {
    get(_, name) {
      if (name === method) return by
      const own: unknown = Reflect.get(whole, name, whole)
      return typeof own === 'function' ? (own.bind(whole) as unknown) : own
    },
  })
}
