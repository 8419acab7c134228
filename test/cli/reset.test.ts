import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { ForgottenPosition } from '../../cli/reset/traces.ts'
import { openProject, type Project } from '../../cli/project/project.ts'
import { encodeLetter, parkedTopic, type LetterInfo } from '../../engine/runtime/letters.ts'
import { Folder } from './full-command-line.ts'

const topology = (name: string, begin = '') => `name: ${name}
sources: { orders: { type: topic, topic: orders, format: json${begin} } }
processors:
  valid: { type: validate, from: orders, fields: { ok: { oneOf: [true] } } }
  unique: { type: dedupe, from: valid, by: id, window: 1d }
sinks: { copy: { type: topic, from: unique, topic: ${name}-copies } }
`
const file = 'topologies/store.yaml'
/** Their names begin with that of the other, and come behind it and before it where names are sorted with a slash. */
const others = ['store2', 'store-2']

interface Answer {
  readonly done: boolean
  readonly positions: readonly ForgottenPosition[]
  readonly state: readonly { readonly store: string; readonly blocks: number; readonly bytes: number }[]
  readonly letters: number
  readonly warnings: readonly string[]
}

interface Summary {
  readonly consumed: number
  readonly stored: number
  readonly duplicates: number
  readonly replays: number
  readonly deadLettered: number
}

let folder: Folder
beforeEach(async () => {
  folder = new Folder()
  folder.write('schemas/catalogue.yaml', '')
  folder.write(file, topology('store'))
  for (const name of others) folder.write(`topologies/${name}.yaml`, topology(name))
  await inStore(async ({ log }) => {
    await log.ensureTopic('orders', { partitions: 2 })
    for (const name of ['store', ...others]) await log.ensureTopic(`${name}-copies`, { partitions: 1 })
    await send([0, 1, 2, 3, 0, 1], log)
  })
})
afterEach(() => folder.remove())

async function inStore<T>(work: (project: Project) => Promise<T>): Promise<T> {
  const project = await openProject({ cwd: folder.path })
  try {
    return await work(project)
  } finally {
    await project.close()
  }
}

async function send(ids: readonly number[], log: Project['log'], ok = true): Promise<void> {
  await log.append(
    ids.map((id) => ({
      ...{ topic: 'orders', partition: id % 2, key: Buffer.from(`o${id}`), headers: [] },
      ...{ value: Buffer.from(JSON.stringify({ id: `o${id}`, ok })), timestamp: Date.UTC(2026, 0, 1) + id },
    })),
  )
}

async function runs(name = 'store'): Promise<Summary> {
  const { code, out, err } = await folder.run(`run topologies/${name}.yaml --until-end -o json`)
  expect({ code, err: err.filter((line) => line.includes('error')) }).toEqual({ code: 0, err: [] })
  return JSON.parse(out.at(-1)!) as Summary
}

const copies = () =>
  inStore(async ({ log }) => (await log.bounds({ topic: 'store-copies', partition: 0 })).end)

test('the next run is like the first, and that of another topology is not', async () => {
  expect(await runs()).toMatchObject({ consumed: 6, stored: 4, duplicates: 2 })
  for (const name of others) expect(await runs(name)).toMatchObject({ consumed: 6, stored: 4, duplicates: 2 })
  expect(await runs()).toMatchObject({ consumed: 0 })
  const { done, positions, state, letters } = await folder.json<Answer>(`reset ${file} --yes`)
  expect({ done, letters }).toEqual({ done: true, letters: 0 })
  expect(positions).toEqual([
    { topic: 'orders', partition: 0, committed: 3, first: 0, begin: 'earliest' },
    { topic: 'orders', partition: 1, committed: 3, first: 0, begin: 'earliest' },
  ])
  expect(state).toEqual([{ store: 'unique', blocks: 2, bytes: expect.any(Number) }])
  for (const name of others) {
    expect(await runs(name)).toMatchObject({ consumed: 0 })
    expect((await folder.json<Answer>(`reset topologies/${name}.yaml`)).state).toMatchObject([{ blocks: 2 }])
  }
  // No id is known any more, and duplicates are known as before.
  expect(await runs()).toMatchObject({ consumed: 6, stored: 4, duplicates: 2, replays: 0 })
  expect(await copies()).toBe(8)
})

test('without --yes it is said what would be done, and nothing is', async () => {
  await runs()
  const { code, out, err } = await folder.run(`reset ${file}`)
  expect(code).toBe(0)
  expect(out[0]).toMatch(/^what +becomes$/)
  expect(out[1]).toMatch(/^orders\/0 +was at 3, begins at 0$/)
  expect(out[3]).toMatch(/^state of unique +\d+ bytes in 2 blocks, forgotten$/)
  expect(out.at(-1)).toBe('\nNothing was changed: --yes does it.')
  expect(err).toEqual([
    'What "copy" has written stays there, and is written again: readers of the topic get it twice.',
  ])
  expect(await runs()).toMatchObject({ consumed: 0 })
})

test('there is nothing to do for a topology that has done nothing', async () => {
  expect(await folder.run(`reset ${file} --yes`)).toMatchObject({
    code: 0,
    out: ['Nothing to do: store has committed nothing, and has no state.'],
  })
  expect(await folder.json<Answer>(`reset ${file} --yes`)).toMatchObject({ done: false, positions: [] })
})

test('parked letters are in the way, until they are given up', async () => {
  await inStore(({ log }) => send([7], log, false))
  // The bad one, and the one of its key behind it.
  await inStore(({ log }) => send([7], log))
  expect(await runs()).toMatchObject({ consumed: 8, stored: 4, deadLettered: 2 })
  const dry = await folder.run(`reset ${file}`)
  expect(dry.out.at(-1)).toBe('\nNothing was changed: --yes --discard-letters does it.')
  expect(dry.err.at(-1)).toMatch(/^2 parked letters are given up: /)
  expect(await folder.run(`reset ${file} --yes`)).toMatchObject({
    code: 1,
    err: [
      'millrace: In store 2 parked letters are in the way: release or discard them first (millrace dlq), or add --discard-letters.',
    ],
  })
  expect(await runs()).toMatchObject({ consumed: 0 })
  expect(await folder.json<Answer>(`reset ${file} --yes --discard-letters`)).toMatchObject({
    done: true,
    letters: 2,
  })
  expect((await folder.run('dlq list -o json')).out).toEqual(['[]'])
  // They come again from the source, and the old ones are not released with them.
  expect(await runs()).toMatchObject({ consumed: 8, stored: 4, deadLettered: 2 })
  expect(await folder.json<{ openLetters: number }[]>('dlq list')).toMatchObject([{ openLetters: 2 }])
})

test('letters alone, without a position, are in the way too', async () => {
  const info: LetterInfo = {
    ...{
      topic: 'orders',
      partition: 0,
      offset: 0,
      timestamp: 0,
      group: 'store',
      node: 'valid',
      follower: false,
    },
    ...{
      attempts: 1,
      kind: 'permanent',
      code: 'RECORD_INVALID',
      message: 'no',
      firstFailure: 0,
      parkedAt: 0,
    },
  }
  const record = { key: Buffer.from('k'), value: Buffer.from('{}'), headers: [], timestamp: 0 }
  const topic = parkedTopic('store', 'orders')
  await inStore(async ({ log }) => {
    await log.ensureTopic(topic, { partitions: 2 })
    await log.append([{ topic, partition: 0, ...encodeLetter(info, record) }])
  })
  expect((await folder.run(`reset ${file} --yes`)).code).toBe(1)
  expect(await folder.json<Answer>(`reset ${file} --yes --discard-letters`)).toMatchObject({ done: true })
  expect((await folder.run('dlq list -o json')).out).toEqual(['[]'])
})

test.each([
  ['latest', 'begins with what is written next (begin: latest)', []],
  ['2026-01-01T00:00:00Z', 'begins with what is of 2026-01-01T00:00:00.000Z or later', []],
  [
    'none',
    'begins nowhere (begin: none)',
    [expect.stringMatching(/will not start before .* in orders \(begin: none\)/)],
  ],
])('a source that begins elsewhere does so again: %s', async (begin, said, warned) => {
  await runs()
  folder.write(file, topology('store', `, begin: ${JSON.stringify(begin)}`))
  const { out, err } = await folder.run(`reset ${file}`)
  expect(out[1]).toMatch(new RegExp(`was at 3, ${said.replace(/[().]/g, '\\$&')}$`))
  expect(err.slice(1)).toEqual(warned)
})

test('what retention has deleted is told to be lost, and its ids are', async () => {
  await runs()
  await inStore(async ({ embedded }) => {
    embedded.tablesDb.exec('UPDATE millrace_partitions SET first = 2 WHERE partition = 1 AND next = 3')
  })
  expect((await folder.json<Answer>(`reset ${file}`)).warnings).toContain(
    'What retention has deleted does not come again, and its ids are forgotten: orders/1 begins at 2.',
  )
  await folder.json<Answer>(`reset ${file} --yes`)
  // The second record of an id of partition 1 is its first now.
  expect(await runs()).toMatchObject({ consumed: 4, stored: 3, duplicates: 1, replays: 0 })
})

test('a file that reads something else forgets what was read before, and says so', async () => {
  await runs()
  folder.write(file, topology('store').replace('topic: orders', 'topic: others'))
  const { out } = await folder.run(`reset ${file}`)
  expect(out[1]).toMatch(/was at 3, forgotten: this file does not read it$/)
})

test('a worker that runs is not disturbed', async () => {
  await runs()
  const project = await openProject({ cwd: folder.path })
  project.acquireWorkerLock()
  try {
    expect(await folder.run(`reset ${file} --yes`)).toMatchObject({
      code: 1,
      err: [expect.stringMatching(/^millrace: The store in .* already has a worker/)],
    })
    // Looking is free.
    expect((await folder.run(`reset ${file}`)).code).toBe(0)
  } finally {
    await project.close()
  }
})

test('a mistake is one sentence', async () => {
  expect(await folder.run('reset')).toMatchObject({
    code: 2,
    err: [expect.stringMatching(/^millrace: reset needs a file: /)],
  })
  folder.write('environments/c.yaml', 'kafka: { brokers: ["localhost:1"] }\n')
  expect(await folder.run(`reset ${file} --env c`)).toMatchObject({
    code: 4,
    err: [expect.stringMatching(/^millrace: Kafka at localhost:1 does not answer/)],
  })
  expect(await folder.run(`reset ${file} --store empty`)).toMatchObject({
    code: 1,
    err: [expect.stringMatching(/^millrace: There is no store in empty yet|^millrace: There is no store/)],
  })
})
