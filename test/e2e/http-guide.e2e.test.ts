// What docs/guide/http.md tells somebody to type works, in that order, with processes and curl.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { blocksOf } from '../docs/blocks.ts'
import { answer, orders, TestProject, type Running } from '../support/cli.ts'

jest.setTimeout(300_000)

let project: TestProject
let service: Running

/** Of c1: o4 is refused, o7 and o10 wait behind it. Of c2: o2 is refused, three wait. */
beforeAll(async () => {
  project = new TestProject()
  await project.produce(orders(0, 12, (n) => ({ status: n === 4 || n === 2 ? 'LOST' : 'OPEN' })))
  expect(await project.runOrders()).toMatchObject({ deadLettered: 7 })
})
afterAll(() => project.remove())

const blocks = blocksOf('docs/guide/http.md')
const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.trim())

/** The JSON that the page shows below a command. */
const shownBelow = (line: string): unknown => {
  const below = blocks[blocks.findIndex(({ text }) => text.trim() === line) + 1]
  return below?.language === 'json' ? JSON.parse(below.text) : undefined
}

test('every step does what the page shows', async () => {
  const [newKey, serve, ...curls] = commands
  expect(curls).toHaveLength(5)
  const made = await project.run(newKey!.split(' ').slice(1))
  expect({ code: made.code, err: made.stderr }).toMatchObject({
    code: 0,
    err: expect.stringMatching(/^Key [0-9a-f]{12} of ada, for .* It is shown this once:\n$/),
  })
  const KEY = made.stdout.trim()
  service = project.start([...serve!.split(' ').slice(1), '--http', '127.0.0.1:0'])
  const url = await service.until(({ stdout }) => /^Serving \S+ at (\S+)\n/.exec(stdout)?.[1])
  const answers: Record<string, unknown>[] = []
  for (const line of curls) {
    expect(line).toMatch(/^curl -sS /)
    const command = line.replaceAll('http://127.0.0.1:8480', url)
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command], {
      env: { ...process.env, KEY },
    })
    expect(stderr).toBe('')
    answers.push(JSON.parse(stdout) as Record<string, unknown>)
  }
  const keys = answers[0]!['keys'] as { key: string }[]
  const shown = shownBelow(curls[0]!) as { keys: object[] }
  expect(keys.find(({ key }) => key === 'c1')).toMatchObject(shown.keys[0]!)
  expect(answers[1]).toMatchObject({ key: 'c1', state: 'open', value: { customer: 'c1', status: 'LOST' } })
  expect(answers[2]).toEqual(shownBelow(curls[2]!))
  expect(answers[3]).toMatchObject({ act: 'release', letters: 3, dryRun: false, id: expect.any(String) })
  expect(answers[4]).toMatchObject({ act: 'discard', letters: 4 })
})

test('what was asked for is carried out by the worker, and the service ends in order', async () => {
  project.edit('topologies/orders.yaml', 'OPEN, PAID', 'OPEN, LOST, PAID')
  await project.runOrders()
  expect(answer<unknown[]>(await project.run(['dlq', 'list', '-o', 'json']))).toEqual([])
  expect(await project.storedIds()).toEqual(['o0', 'o1', 'o3', 'o4', 'o6', 'o7', 'o9', 'o10'])
  service.kill('SIGTERM')
  const { code, stderr } = await service.ended
  expect(code).toBe(0)
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.filter(({ message }) => message === 'act')).toMatchObject([
    {
      act: 'release',
      topology: 'orders',
      letters: 3,
      result: 'done',
      by: expect.stringMatching(/^ada \(key /),
    },
    { act: 'discard', topology: 'orders', letters: 4, result: 'done' },
  ])
  expect(stderr).not.toMatch(/mk_|INC-42|"c1"/)
})

test('help loads neither fastify nor jose', async () => {
  const { code, stdout } = await project.run(['serve', '--help'], {
    node: ['--import', `data:text/javascript,${hook}`],
  })
  expect({ code, loaded: /LOADED/.test(stdout) }).toEqual({ code: 0, loaded: false })
})

/** Says so when one of the two is loaded. */
const hook = encodeURIComponent(`
import { registerHooks } from 'node:module'
registerHooks({ resolve(name, context, next) {
  if (name === 'fastify' || name === 'jose') process.stdout.write('LOADED ' + name)
  return next(name, context)
} })`)
