// Where the end of a topic is to a worker that goes to the end.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Writer } from '../../native/writer.ts'
import { Trial } from './trial.ts'

let trial: Trial
let topic: string

beforeAll(async () => {
  trial = await Trial.open(1)
  topic = trial.kafka.uniqueTopic('visits')
  await trial.kafka.createTopic(topic)
  trial.topology(
    'visits',
    `sources: { visits: { type: topic, topic: ${topic}, format: json } }\nsinks: { out: { type: console, from: visits } }\n`,
  )
})
afterAll(() => trial.close())

test.each([
  ['committed', 'commit', ['{"n":1}', '{"n":2}']],
  ['aborted', 'abort', []],
] as const)('behind what a transaction has written that is open, and then %s', async (_, end, out) => {
  const id = trial.kafka.uniqueGroup('writer')
  const writer = await Writer.open({
    settings: { 'bootstrap.servers': trial.kafka.bootstrap, 'transactional.id': id },
  })
  await writer.initTransactions()
  await writer.begin()
  const record = { topic, partition: 0, key: null, timestamp: 1000 }
  const records = [1, 2].map((n) => ({ ...record, value: Buffer.from(`{"n":${n}}`) }))
  expect((await writer.writePlain(records)).failed).toEqual([])
  const waits = Promise.withResolvers<string>()
  const line = 'run topologies/visits.yaml --until-end --http off --env trial'
  const running = trial.folder.run(line, undefined, undefined, (text) => {
    if (text.includes('It waits for')) waits.resolve(text)
  })
  const ended = running.then(({ code }) => `ended with ${code}`)
  expect(await Promise.race([waits.promise, ended])).toContain(
    `It waits for the end of transactions that are open in ${topic}/0.`,
  )
  await writer[end]()
  expect(await running).toMatchObject({ code: 0, out })
  await writer.close()
})
