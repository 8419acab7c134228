import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder
let topic: string
let group: string
const file = 'topologies/store.yaml'

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  topic = kafka.uniqueTopic('orders')
  group = kafka.uniqueGroup('store')
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 2, replication: 1 } }\n`,
  )
  folder.write('schemas/catalogue.yaml', `topics:\n  ${topic}: { retention: 1d, partitions: 2 }\n`)
  folder.write(
    file,
    `name: ${group}
sources: { orders: { type: topic, topic: ${topic}, format: json } }
processors:
  valid: { type: validate, from: orders, fields: { ok: { oneOf: [true] } } }
  unique: { type: dedupe, from: valid, by: id, window: 1d }
sinks: { copy: { type: console, from: unique } }
`,
  )
})

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

interface Answer {
  readonly done: boolean
  readonly positions: readonly { readonly topic: string; readonly committed: number }[]
  readonly state: readonly { readonly topic: string; readonly changes: number }[]
  readonly letters: number
  readonly members: readonly string[]
}

async function produce(...orders: readonly (readonly [id: string, ok: boolean])[]): Promise<void> {
  folder.write('orders.jsonl', orders.map(([id, ok]) => `${JSON.stringify({ id, ok })}\n`).join(''))
  expect(await folder.run(`produce ${topic} --raw --key id --file orders.jsonl --env trial`)).toMatchObject({
    code: 0,
  })
}

async function runs(): Promise<Record<string, number>> {
  const { code, out } = await folder.run(`run ${file} --until-end -o json --env trial`)
  expect(code).toBe(0)
  return JSON.parse(out.at(-1)!) as Record<string, number>
}

test('in a cluster: what would be forgotten, letters that are in the way, and then a run like the first', async () => {
  expect(await folder.run('topics apply --env trial')).toMatchObject({ code: 0 })
  await produce(['a', true], ['b', true], ['a', true], ['c', false])
  expect(await runs()).toMatchObject({ consumed: 4, stored: 2, duplicates: 1, deadLettered: 1 })

  const dry = await folder.json<Answer>(`reset ${file} --env trial`)
  expect(dry).toMatchObject({ done: false, letters: 1, members: [] })
  expect(dry.positions.reduce((sum, { committed }) => sum + committed, 0)).toBe(4)
  expect(dry.state).toEqual([
    { store: 'unique', topic: `${group}.unique.changelog`, changes: expect.any(Number) as unknown },
  ])
  const told = await folder.run(`reset ${file} --env trial`)
  expect(told.out.at(-1)).toBe('\nNothing was changed: --yes --discard-letters does it.')
  expect(await runs()).toMatchObject({ consumed: 0 })

  const refused = await folder.run(`reset ${file} --yes --env trial`)
  expect(refused.code).not.toBe(0)
  expect(refused.err.join()).toContain('1 parked letter is in the way')

  expect(await folder.json<Answer>(`reset ${file} --yes --discard-letters --env trial`)).toMatchObject({
    done: true,
  })
  expect((await folder.run(`topics show ${group}.unique.changelog --env trial`)).code).not.toBe(0)
  expect((await folder.run(`reset ${file} --env trial`)).out).toEqual([
    `Nothing to do: ${group} has committed nothing, and has no state.`,
  ])
  // Nothing is known: not the ids, not the offsets; and the old letter is not processed beside its record.
  expect(await runs()).toMatchObject({ consumed: 4, stored: 2, duplicates: 1, deadLettered: 1 })
})

test('in a cluster: while a worker is at work it is refused, and nothing has changed', async () => {
  const stop = new AbortController()
  const running = folder.run(`run ${file} --env trial`, stop.signal)
  try {
    await produce(['d', true])
    const until = Date.now() + 60_000
    let members: readonly string[] = []
    while (members.length === 0 && Date.now() < until)
      members = (await folder.json<Answer>(`reset ${file} --env trial`)).members
    expect(members).toHaveLength(1)
    const refused = await folder.run(`reset ${file} --yes --discard-letters --env trial`)
    expect(refused.code).not.toBe(0)
    expect(refused.err.join()).toContain(`The group ${group} is running`)
    expect((await folder.json<Answer>(`reset ${file} --env trial`)).state).toHaveLength(1)
  } finally {
    stop.abort()
    await running
  }
})
