// A critical topic beside one whose records go nowhere.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { killLeftovers, Running } from '../support/cli.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 2, replication: 1 } }\n`,
  )
  folder.write('schemas/catalogue.yaml', 'topics: {}\n')
  folder.write(
    'sinks/stuck.ts',
    `import { defineSink, z } from 'millrace'
export default defineSink({
  name: 'stuck',
  summary: 'Never answers.',
  idempotent: true,
  config: z.strictObject({}),
  examples: [{ title: 'Never', config: {} }],
  open: async (_, { print }) => ({
    order: 'batch', concurrency: 1, maxBatch: 100,
    write: () => (print('stuck'), new Promise(() => undefined)),
    close: async () => undefined,
  }),
})
`,
  )
})

afterEach(killLeftovers)

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

/** A topology whose bulk topic fills its budget; answers what the sink of the other topic prints meanwhile. */
async function run(critical: boolean): Promise<Running> {
  const [bulk, urgent] = [kafka.uniqueTopic('bulk'), kafka.uniqueTopic('urgent')]
  await Promise.all([bulk, urgent].map((topic) => kafka.createTopic(topic, { partitions: 1 })))
  folder.write(
    'topologies/both.yaml',
    `name: ${kafka.uniqueGroup('both')}
description: Of a test.
sources:
  bulk: { type: topic, topic: ${bulk}, format: text }
  urgent: { type: topic, topic: ${urgent}, format: text, critical: ${critical} }
sinks:
  nowhere: { type: ../sinks/stuck.ts, from: bulk }
  shown: { type: console, from: urgent }
budget: { partition: 256KiB, total: 256KiB }
`,
  )
  folder.write('bulk.jsonl', `${JSON.stringify('x'.repeat(1000))}\n`.repeat(600))
  folder.write('urgent.jsonl', '"now"\n')
  const produce = async (topic: string, file: string) =>
    expect(await folder.run(`produce ${topic} --raw --file ${file} --env trial`)).toMatchObject({ code: 0 })
  await produce(bulk, 'bulk.jsonl')
  const running = new Running(['run', 'topologies/both.yaml', '--env', 'trial', '--drain', '0'], {
    cwd: folder.path,
  })
  // From then on nothing else of its topic comes in.
  await running.until(({ stdout }) => stdout.includes('stuck'))
  await produce(urgent, 'urgent.jsonl')
  return running
}

test('a critical topic goes on where the other one has used up the budget', async () => {
  const running = await run(true)
  await running.until(({ stdout }) => stdout.includes('now'))
  running.kill('SIGTERM')
  await running.ended
})
