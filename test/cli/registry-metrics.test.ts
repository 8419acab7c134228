import { afterEach, expect, test } from '@jest/globals'
import { connectRegistryMetrics } from '../../cli/run/registry-metrics.ts'
import { openRegistry, type ServerRegistry } from '../../engine/avro/registry-server.ts'
import { createMetrics } from '../../engine/observe/metrics.ts'
import { FakeRegistry, fakeTuning, rejection, settingsFor } from '../engine/avro/registry-fake.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

test('requests by outcome, schemas that were at hand, and the age of the last answer', async () => {
  const fake = await FakeRegistry.open()
  open.push(fake)
  fake.add('s', '"int"')
  const { state, tuning } = fakeTuning()
  const registry: ServerRegistry = await openRegistry(settingsFor(fake.url), undefined, tuning)
  open.push(registry)
  const metrics = createMetrics({ version: '0', process: false })
  connectRegistryMetrics(registry.counts, metrics)
  const shown = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await metrics.text())
        .split('\n')
        .filter((line) => line.startsWith('millrace_registry_'))
        .map((line) => line.replace(/registry="[^"]*",?/, ''))
        .map((line) => [
          line.slice('millrace_registry_'.length, line.lastIndexOf(' ')),
          Number(line.split(' ').at(-1)),
        ]),
    )

  expect(await shown()).not.toHaveProperty('answer_age_seconds{}')
  for (let turn = 0; turn < 3; turn++) await registry.load(1)
  await rejection(registry.load(7))
  state.now += 2500
  const first = await shown()
  expect(first).toMatchObject({
    'requests_total{outcome="ok"}': 1,
    'requests_total{outcome="missing"}': 1,
    'cache_hits_total{cache="memory"}': 2,
    'answer_age_seconds{}': 2.5,
  })
  // The same again: counters show what they are, however often they are looked at.
  expect(await shown()).toMatchObject(first)
})
