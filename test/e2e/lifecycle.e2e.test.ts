// A worker in the background: beside other commands, stopped in order, stopped at once, and killed.
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import {
  addedUp,
  answer,
  expectQuiet,
  killLeftovers,
  orders,
  TestProject,
  unlogged,
  type Running,
  type Summary,
} from '../support/cli.ts'

jest.setTimeout(300_000)
afterAll(killLeftovers)

let project: TestProject
beforeEach(() => {
  project = new TestProject()
})
afterEach(() => project.remove())

async function get(
  url: string,
): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
  const response = await fetch(url)
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text: await response.text(),
  }
}

/** The samples of a page of metrics: name with its labels, and value. Fails for a line that is not in the format. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  const typed = new Set<string>()
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const about = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line)
    if (about !== null) {
      if (about[1] === 'TYPE') typed.add(about[2]!)
      continue
    }
    const sample =
      /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? (-?[\d.]+(?:e[+-]?\d+)?|[+-]Inf|Na[nN])$/.exec(
        line,
      )
    expect({ line, isSample: sample !== null }).toEqual({ line, isSample: true })
    const [, name, labels = '', value] = sample as unknown as [string, string, string | undefined, string]
    expect([name, name.replace(/_(bucket|sum|count)$/, '')].some((one) => typed.has(one))).toBe(true)
    expect(samples.has(name + labels)).toBe(false)
    samples.set(name + labels, Number(value))
  }
  return samples
}

/** How many records were settled so far. */
async function settled(url: string): Promise<number> {
  const samples = samplesOf((await get(`${url}/metrics`)).text)
  return [...samples].reduce(
    (sum, [name, n]) => (name.startsWith('millrace_records_settled_total{') ? sum + n : sum),
    0,
  )
}

async function untilSettled(worker: Running, count: number): Promise<void> {
  const url = await worker.url()
  while ((await settled(url)) < count) continue
}

describe('a worker in the background', () => {
  test('goes on beside produce, query and dlq; its metrics agree with its summary', async () => {
    await project.produce(orders(0, 200), ['--partitions', '2'])
    const worker = project.start(['run', 'topologies/orders.yaml', '-o', 'json'])
    const url = await worker.url()
    await untilSettled(worker, 200)

    // Three producers at once; of each the last order is refused, and the first one is a test.
    const batches = [200, 300, 400].map((from) =>
      orders(from, from + 100, (n) => ({
        status: n % 100 === 99 ? 'LOST' : n % 100 === 0 ? 'TEST' : 'PAID',
      })),
    )
    await Promise.all([
      ...batches.map((batch) => project.produce([...batch.slice(0, 99), batch[98]!, batch[99]!])),
      project.storedIds(),
      project.run(['dlq', 'list']).then((ran) => expectQuiet(ran)),
    ])
    await untilSettled(worker, 503)
    const stored = [...orders(0, 200), ...batches.flatMap((batch) => batch.slice(1, 99))].map(({ id }) => id)
    expect((await project.storedIds()).length).toBeLessThanOrEqual(stored.length)
    const parked = answer<{ openLetters: number }[]>(await project.run(['dlq', 'list', '-o', 'json']))
    expect(parked.length).toBeGreaterThan(0)

    const [healthz, readyz, metrics] = await Promise.all(
      ['healthz', 'readyz', 'metrics'].map((page) => get(`${url}/${page}`)),
    )
    expect(healthz).toMatchObject({ status: 200, text: expect.stringContaining('"status":"ok"') })
    expect(readyz).toMatchObject({ status: 200, text: expect.stringContaining('"status":"ok"') })
    expect(metrics).toMatchObject({
      status: 200,
      type: expect.stringMatching(/^text\/plain; version=0\.0\.4/),
    })
    expect((await get(`${url}/nope`)).status).toBe(404)
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405)

    worker.kill('SIGTERM')
    const ended = await worker.ended
    const summary = addedUp(answer<Summary>(ended))
    expect(summary).toMatchObject({ consumed: 503 })
    const samples = samplesOf(metrics!.text)
    const count = (verdict: string, reason = '') =>
      samples.get(
        `millrace_records_settled_total{topology="orders",verdict="${verdict}",reason="${reason}"}`,
      ) ?? 0
    expect({
      stored: count('stored'),
      duplicates: count('dropped', 'duplicate'),
      dropped: count('dropped', 'other'),
      deadLettered: count('parked'),
      skipped: count('skipped'),
    }).toEqual({
      stored: summary.stored,
      duplicates: summary.duplicates,
      dropped: summary.dropped,
      deadLettered: summary.deadLettered,
      skipped: summary.skipped,
    })

    // Released with their cause mended, nothing of it all is missing.
    project.edit('topologies/orders.yaml', 'OPEN, PAID', 'OPEN, LOST, PAID')
    answer(await project.run(['dlq', 'release', '--all', '--yes', '-o', 'json']))
    await project.runOrders()
    const lost = batches.map((batch) => batch[99]!.id)
    const all = [...stored, ...lost].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
    expect(await project.storedIds()).toEqual(all)
  })

  test('HTTP with a token answers those who bring it', async () => {
    await project.produce(orders(0, 1))
    const words = ['run', 'topologies/orders.yaml', '--http', '0.0.0.0:0', '--http-token', 'env:TOKEN']
    const worker = project.start(words, { env: { TOKEN: 'a-very-secret-token-of-32-letters' } })
    const url = (await worker.url()).replace('0.0.0.0', '127.0.0.1')
    expect((await get(`${url}/metrics`)).status).toBe(401)
    const headers = { authorization: 'Bearer a-very-secret-token-of-32-letters' }
    expect((await fetch(`${url}/metrics`, { headers })).status).toBe(200)
    worker.kill('SIGTERM')
    const { stderr, code } = await worker.ended
    expect(code).toBe(0)
    expect(stderr).not.toContain('secret')
  })

  test('--http off serves nothing', async () => {
    await project.produce(orders(0, 1))
    const ran = await project.run([
      'run',
      'topologies/orders.yaml',
      '--until-end',
      '--http',
      'off',
      '-o',
      'json',
    ])
    expect(addedUp(answer<Summary>(ran))).toMatchObject({ stored: 1 })
    expect(ran.stderr).toBe('')
  })
})

describe('a stop', () => {
  const slow = `name: slow
sources:
  orders: { type: topic, topic: orders, schema: shop.Order, timestamp: at }
processors:
  unique: { type: dedupe, from: orders, by: id, window: 7d }
  slow: { type: throttle, from: unique, rate: 400 }
sinks:
  probe: { type: probe, from: slow, file: effects.tsv, id: id }
`
  const all = orders(0, 2000).map(({ id }) => id)
  const run = ['run', 'topologies/slow.yaml', '-o', 'json']

  beforeEach(async () => {
    project.write('topologies/slow.yaml', slow)
    await project.produce(orders(0, 2000))
  })

  const effects = (): string[] => {
    const file = project.path('effects.tsv')
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => line.split('\t')[4]!)
  }

  /** Runs the rest, at full speed. */
  async function runRest(): Promise<Summary> {
    project.edit('topologies/slow.yaml', 'rate: 400', 'rate: 1000000')
    return addedUp(answer<Summary>(await project.run([...run, '--until-end'])))
  }

  async function untilEffects(worker: Running, count: number): Promise<void> {
    await worker.url()
    while (effects().length < count) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  test('SIGTERM drains and commits: nothing is lost, and nothing done twice', async () => {
    const worker = project.start([...run, '--drain', '1'])
    await untilEffects(worker, 100)
    worker.kill('SIGTERM')
    const ended = await worker.ended
    expect(ended).toMatchObject({ code: 0, signal: null })
    const first = addedUp(answer<Summary>(ended))
    expect(effects()).toHaveLength(first.stored)
    expect(first.stored).toBeLessThan(2000)
    expect(await runRest()).toMatchObject({ consumed: 2000 - first.consumed, replays: 0 })
    expect(effects()).toEqual(all)
  })

  test('a second SIGTERM ends it at once, and a third life loses nothing', async () => {
    const worker = project.start([...run, '--drain', '3600'])
    await untilEffects(worker, 100)
    worker.kill('SIGTERM')
    // The drain must have begun: two signals at once would be one.
    const url = await worker.url()
    while ((await get(`${url}/readyz`).catch(() => ({ status: 503 }))).status === 200) continue
    worker.kill('SIGTERM')
    const ended = await worker.ended
    expect(ended).toMatchObject({ code: 130, signal: null, stdout: '' })
    expectQuiet(ended)
    expect(effects().length).toBeLessThan(2000)
    await runRest()
    expect([...new Set(effects())]).toEqual(all)
  })

  test.each([1, 2, 3])('kill -9 (%i): the next run loses nothing, and repeats little', async (n) => {
    const worker = project.start(run)
    await untilEffects(worker, 60 * n)
    worker.kill('SIGKILL')
    expect(await worker.ended).toMatchObject({ code: null, signal: 'SIGKILL' })
    const before = effects().length
    await runRest()
    const done = effects()
    expect([...new Set(done)]).toEqual(all)
    // What is repeated had not been committed: of the first life, and in the order that it had.
    const repeated = done.slice(before).filter((id) => done.indexOf(id) < before)
    expect(repeated).toEqual(done.slice(before - repeated.length, before))
  })

  test('SIGINT while there is nothing to do ends it in order', async () => {
    await runRest()
    const worker = project.start(run)
    await worker.url()
    worker.kill('SIGINT')
    const ended = await worker.ended
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(unlogged(ended.stderr)).toEqual([])
    expect(answer<Summary>(ended)).toMatchObject({ consumed: 0 })
  })

  test('a producer that is stopped says how far it came, and what it said is there', async () => {
    const words = ['produce', 'more', '--raw', '-o', 'json']
    const producer = project.start(words, { input: 'x\n'.repeat(3_000_000) })
    // It has begun when its topic is there.
    while (!existsSync(project.path('.millrace', 'store.db-wal')))
      await new Promise((resolve) => setTimeout(resolve, 10))
    producer.kill('SIGTERM')
    const ended = await producer.ended
    expectQuiet(ended)
    expect(ended.signal).toBeNull()
    if (ended.code === 0) return // It was faster.
    const { produced } = JSON.parse(ended.stdout) as { produced: number }
    expect(ended.stderr).toContain(
      `millrace: stopped: ${produced} records are written, up to line ${produced}.`,
    )
    project.write(
      'topologies/more.yaml',
      'name: more\nsources: { in: { type: topic, topic: more, format: text } }\nsinks: { out: { type: probe, from: in, file: more.tsv } }\n',
    )
    const ran = await project.run(['run', 'topologies/more.yaml', '--until-end', '-o', 'json'])
    expect(addedUp(answer<Summary>(ran))).toMatchObject({ consumed: produced, stored: produced })
  })
})
