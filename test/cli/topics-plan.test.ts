import { describe, expect, test } from '@jest/globals'
import { planTopics, type ActualTopics, type TopicStep } from '../../cli/topics/plan.ts'
import { wantedTopics, type TopicSources } from '../../cli/topics/wanted.ts'
import type { CatalogueTopic } from '../../engine/config/catalogue.ts'
import { readTopologyText } from '../../engine/config/load.ts'
import { planReading } from '../../engine/topology/plan.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'

const stateful = `
name: store
description: With state.
sources: { events: { type: topic, topic: events, format: json } }
processors: { unique: { type: dedupe, from: events, by: id, window: 1d } }
sinks: { out: { type: topic, from: unique, topic: unique-events } }
`
const stateless = `
name: copy
description: Without.
sources: { events: { type: topic, topic: events, format: json } }
sinks: { out: { type: topic, from: events, topic: copies } }
`

function planOf(text: string): TopologyPlan {
  return planReading(readTopologyText('trial.yaml', text, { sources, processors, sinks }, {}))
}

function wanted(
  topologies: readonly string[],
  catalogue: Readonly<Record<string, CatalogueTopic>> = {},
  more: Partial<TopicSources> = {},
) {
  return wantedTopics({
    plans: topologies.map(planOf),
    catalogue: new Map(Object.entries(catalogue)),
    whole: true,
    defaults: { partitions: 4, replication: 1 },
    names: {
      parked: (group, topic) => `${group}.${topic}.parked`,
      deadLetter: (topic) => `${topic}.dlq`,
      changelog: (group, store) => `${group}.${store}.changelog`,
    },
    ...more,
  })
}

/** What there is: `name: [partitions, settings]`. */
function there(
  topics: Readonly<Record<string, readonly [number, Readonly<Record<string, string>>?]>> = {},
  brokers = 1,
): ActualTopics {
  const described = Object.entries(topics).map(([name, [count]]) => {
    const partitions = Array.from({ length: count }, () => ({ leader: 1, replicas: [1], inSync: [1] }))
    return [name, { name, id: name, internal: false, partitions }] as const
  })
  const settings = Object.entries(topics).map(([name, [, own = {}]]) => {
    const defaults = {
      'retention.ms': { value: '604800000', own: false },
      'cleanup.policy': { value: 'delete', own: false },
    }
    const set = Object.fromEntries(Object.entries(own).map(([key, value]) => [key, { value, own: true }]))
    return [name, new Map(Object.entries({ ...defaults, ...set }))] as const
  })
  return { topics: new Map(described), settings: new Map(settings), brokers }
}

const step = (steps: readonly TopicStep[], topic: string) => steps.find((one) => one.topic === topic)!
const actions = (steps: readonly TopicStep[]) =>
  Object.fromEntries(steps.map(({ topic, action, partitions }) => [topic, `${action} ${partitions}`]))

const forever = { 'cleanup.policy': 'delete', 'retention.ms': '-1' }
const letters = { ...forever, 'max.message.bytes': '67108864' }

describe('where there is nothing', () => {
  test('everything is made that a topology with state reads, writes and keeps', () => {
    const steps = planTopics(wanted([stateful]), there())
    expect(actions(steps)).toEqual({
      events: 'create 4',
      'events.dlq': 'create 4',
      'store.events.parked': 'create 4',
      'store.unique.changelog': 'create 4',
      'unique-events': 'create 4',
    })
    for (const name of ['events.dlq', 'store.events.parked'])
      expect(step(steps, name).settings).toEqual(letters)
    expect(step(steps, 'store.unique.changelog').settings).toEqual(forever)
    expect(step(steps, 'events').settings).toEqual({})
    expect(step(steps, 'events').reasons).toEqual(['store reads it'])
  })

  test('the catalogue says how, and what is kept for it follows', () => {
    const events: CatalogueTopic = {
      partitions: 12,
      retention: 86_400_000,
      cleanup: 'compact',
      recordLimit: 2_000_000,
      settings: { 'segment.ms': 60_000 },
    }
    const steps = planTopics(wanted([stateful], { events, unused: {} }), there())
    expect(step(steps, 'events')).toMatchObject({ action: 'create', partitions: 12 })
    expect(step(steps, 'events').settings).toEqual({
      'retention.ms': '86400000',
      'cleanup.policy': 'compact',
      'max.message.bytes': '2000000',
      'segment.ms': '60000',
    })
    expect(step(steps, 'store.events.parked').partitions).toBe(12)
    expect(step(steps, 'unused').reasons).toEqual(['the catalogue'])
    const used = wanted([stateful], { events, unused: {} }, { whole: false })
    expect(used.map(({ name }) => name)).not.toContain('unused')
  })

  test('the environment’s least number of replicas in sync is for all of them', () => {
    const defaults = { partitions: 1, replication: 3, minInsync: 2 }
    const steps = planTopics(wanted([stateful], { events: { minInsync: 1 } }, { defaults }), there({}, 3))
    expect(step(steps, 'unique-events').settings).toEqual({ 'min.insync.replicas': '2' })
    expect(step(steps, 'store.unique.changelog').settings).toEqual({ ...forever, 'min.insync.replicas': '2' })
    expect(step(steps, 'events').settings).toEqual({ 'min.insync.replicas': '1' })
  })

  test('where the environment says that there are fewer brokers, the catalogue asks for as many', () => {
    const defaults = { partitions: 4, replication: 1, replicationAtMost: 1 }
    const steps = planTopics(wanted([], { a: { replication: 3, minInsync: 2 } }, { defaults }), there({}, 1))
    expect(step(steps, 'a')).toMatchObject({
      action: 'create',
      replication: 1,
      settings: { 'min.insync.replicas': '1' },
    })
  })

  test('more replicas than brokers are refused', () => {
    const steps = planTopics(wanted([], { a: { replication: 3 } }), there({}, 2))
    expect(step(steps, 'a')).toMatchObject({
      action: 'refused',
      refusals: ['replication 3 needs as many brokers, and there are 2.'],
    })
  })
})

describe('where it is there', () => {
  const whole = {
    events: [4],
    'events.dlq': [4, letters],
    'store.events.parked': [4, letters],
    'store.unique.changelog': [4, forever],
    'unique-events': [2],
  } as const

  test('there is nothing to do, also where partitions are not those of the environment', () => {
    const steps = planTopics(wanted([stateful]), there(whole))
    expect(new Set(steps.map(({ action }) => action))).toEqual(new Set(['unchanged']))
    expect(step(steps, 'unique-events').partitions).toBe(2)
  })

  test('settings that differ are changed, and those that nobody names are told and left', () => {
    const own = { 'retention.ms': '1000', 'segment.bytes': '5' }
    const steps = planTopics(
      wanted([], { a: { retention: 'forever', cleanup: 'delete' } }),
      there({ a: [4, own] }),
    )
    expect(step(steps, 'a')).toMatchObject({
      action: 'change',
      settings: { 'retention.ms': '-1' },
      changes: ['retention.ms: 1000 → -1'],
      drift: ['segment.bytes is 5, which the catalogue does not say'],
    })
  })

  test('both cleanup policies are the same in either order', () => {
    const own = { 'cleanup.policy': 'delete,compact' }
    const steps = planTopics(wanted([], { a: { cleanup: 'compact,delete' } }), there({ a: [4, own] }))
    expect(step(steps, 'a').action).toBe('unchanged')
  })

  test('a parked topic that would lose records is put right', () => {
    const steps = planTopics(wanted([stateless]), there({ ...whole, 'copy.events.parked': [4] }))
    expect(step(steps, 'copy.events.parked')).toMatchObject({
      action: 'change',
      settings: { 'retention.ms': '-1' },
    })
  })

  test('no partition is taken away', () => {
    const steps = planTopics(wanted([stateless], { events: { partitions: 2 } }), there(whole))
    expect(step(steps, 'events')).toMatchObject({
      action: 'refused',
      refusals: ['it has 4 partitions, and Kafka takes none away: say 4, or make another topic.'],
    })
  })

  test('more partitions are added where no state rests on them, also to what follows', () => {
    const steps = planTopics(wanted([stateless], { events: { partitions: 8 } }), there(whole))
    expect(step(steps, 'events')).toMatchObject({ action: 'change', changes: ['partitions: 4 → 8'] })
    expect(step(steps, 'events.dlq')).toMatchObject({ action: 'change', partitions: 8 })
  })

  test('and refused where a topology’s state does', () => {
    const steps = planTopics(wanted([stateful, stateless], { events: { partitions: 8 } }), there(whole))
    expect(step(steps, 'events')).toMatchObject({ action: 'refused' })
    expect(step(steps, 'events').refusals[0]).toMatch(/keys would move away from the state of store/)
  })

  test('replicas are changed by nobody: refused where the catalogue wants others, otherwise told', () => {
    const asked = planTopics(wanted([], { a: { replication: 3 } }), there({ a: [4] }, 3))
    expect(step(asked, 'a')).toMatchObject({ action: 'refused' })
    const defaults = { partitions: 4, replication: 3 }
    const told = planTopics(wanted([], { a: {} }, { defaults }), there({ a: [4] }, 3))
    expect(step(told, 'a')).toMatchObject({
      action: 'unchanged',
      drift: ['kept on 1 brokers; the environment says 3'],
    })
  })
})
