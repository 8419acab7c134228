import { platformTopologies } from '../../../cli/demo/platform.ts'
import { expect } from '@jest/globals'
import type { Reconciliation } from '../../../cli/reconcile/result.ts'
import { answer } from '../cli.ts'
import { distinct, inTopic, type Facts } from './facts.ts'
import { PlatformRun } from './run.ts'

const audit = 'topologies/audit-service-consumer-group.yaml'

/**
 * The platform is deployed, written by services of four releases at once, its workers are killed and a second one joins; all of it
 * comes to its end. Answers what is there then. What the commands for people say of it is looked at on the way.
 */
export async function livesOfThePlatform(run: PlatformRun): Promise<Facts> {
  await run.deploy()
  await Promise.all([run.write(), run.torment()])
  expect(await run.finish()).toHaveLength(platformTopologies.length)
  const facts = await run.facts()
  // Written at once, or nothing was shown.
  expect(PlatformRun.alternations(facts, 'business.orders.events')).toBeGreaterThan(50)
  await expectReconciled(run, facts)
  await expectNothingLeft(run)
  return facts
}

/** The audit has a row for each event in both of its tables, and no other. */
async function expectReconciled(run: PlatformRun, facts: Facts): Promise<void> {
  const events = ['orders', 'inventory', 'customers'].flatMap((domain) =>
    distinct(inTopic(facts, `business.${domain}.events`)),
  )
  const { differences, tables } = answer<Reconciliation>(await run.command('reconcile', audit, '-o', 'json'))
  expect(differences).toEqual([])
  expect(tables.map(({ expected, found }) => [expected, found])).toEqual(
    tables.map(() => [events.length, events.length]),
  )
  expect(tables).toHaveLength(2)
}

/** Nobody is behind, and nothing is parked. */
async function expectNothingLeft(run: PlatformRun): Promise<void> {
  const lag = await run.command('lag')
  expect(lag).toMatchObject({ code: 0, stderr: '' })
  expect(lag.stdout).toContain('\n0 records behind')
  const letters = await run.command('dlq', 'list')
  expect(letters).toMatchObject({ code: 0, stdout: 'Nothing is parked.\n', stderr: '' })
}
