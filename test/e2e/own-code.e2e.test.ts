// A project whose processors, sinks and functions are files of its own.
import { execFile } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { addedUp, answer, expectRefusal, root, TestProject, type Summary } from '../support/cli.ts'

jest.setTimeout(300_000)

const score = `import { defineProcessor, FieldPath, mapValue, valueAt, z } from 'millrace'
import { points } from '../lib/points.ts'

export default defineProcessor({
  name: 'score',
  summary: 'Gives points.',
  config: z.strictObject({
    field: FieldPath.prefault('amount').meta({ description: 'What is scored.' }),
    factor: z.number().meta({ description: 'Points for one.' }),
  }),
  examples: [{ title: 'Twice', config: { factor: 2 } }],
  reads: ({ field }) => [field],
  create({ field, factor }) {
    const path = field.split('.')
    return mapValue((value: object) => ({ ...value, points: points(valueAt(value, path), factor) }))
  },
})
`

const functions = `import { permanentError, type FlatMapFunction, type MapFunction } from 'millrace'

interface Order { readonly id: string; readonly amount: number; readonly lines: readonly string[] }

const half: MapFunction<Order> = async (order) => {
  if (order.amount === 13) throw new TypeError('unlucky\\nnumber')
  if (order.amount === 14) throw permanentError('RECORD_INVALID', 'Fourteen is never sold.')
  return { ...order, half: order.amount / 2 }
}
export default half

export const big = (order: Order) => order.amount >= 10
export const size = (order: Order) => (order.amount >= 100 ? 'large' : undefined)
export const lines: FlatMapFunction<Order> = (order) =>
  order.lines.map((line) => ({ id: order.id, line, email: \`\${order.id}@example.org\` }))
`

const sink = `import { defineSink, writeEach, z } from 'millrace'

export default defineSink({
  name: 'shout',
  summary: 'Prints aloud.',
  idempotent: false,
  config: z.strictObject({}),
  examples: [{ title: 'Aloud', config: {} }],
  async open(_, { print }) {
    return {
      order: 'batch', concurrency: 1, maxBatch: 100,
      write: (batch) => writeEach(batch, (n) => print('LOUD ' + JSON.stringify(batch.record(n).value))),
      async close() {},
    }
  },
})
`

const topology = `name: own
description: Code of this project.
sources:
  in: { type: topic, topic: things, format: json }
processors:
  scored: { type: ../processors/score.ts, from: in, factor: 3 }
  halved: { type: map, from: scored, function: ../functions/orders.ts }
  big: { type: filter, from: halved, function: ../functions/orders.ts#big }
  sizes: { type: branch, from: big, function: ../functions/orders.ts#size, outputs: [large], default: small }
  pieces: { type: flat-map, from: sizes.small, function: ../functions/orders.ts#lines, number: n }
  safe: { type: redact, from: pieces, hash: [email], key: env:REDACT_KEY }
sinks:
  # lint-allow ML011 only for people
  loud: { type: ../sinks/shout.ts, from: [sizes.large, safe] }
errors: { attempts: 2, then: park, backoff: { first: 1ms, longest: 2ms } }
`

const files = {
  'schemas/README.md': 'None.\n',
  'lib/points.ts':
    'export const points = (amount: unknown, factor: number): number => Number(amount) * factor\n',
  'processors/score.ts': score,
  'functions/orders.ts': functions,
  'sinks/shout.ts': sink,
  'topologies/own.yaml': topology,
}

const env = { REDACT_KEY: 'a key of thirty-two bytes, or so' }
let project: TestProject

beforeAll(() => {
  project = new TestProject(files)
})
afterAll(() => project.remove())

const orders = [
  { id: 'a', amount: 5, lines: ['x'] },
  { id: 'b', amount: 20, lines: ['x', 'y'] },
  { id: 'c', amount: 200, lines: [] },
  { id: 'd', amount: 13, lines: ['x'] },
  { id: 'd', amount: 30, lines: ['waits behind the one before'] },
  { id: 'e', amount: 14, lines: ['x'] },
  { id: 'f', amount: 40, lines: [] },
]

describe('a project with code of its own', () => {
  test('is linted, described and explained like any other', async () => {
    expect(await project.run(['lint', 'topologies/own.yaml'])).toMatchObject({
      code: 0,
      stdout: 'Nothing to complain about in 1 file.\n',
    })
    symlinkSync(project.path('processors'), project.path('linked'))
    const linked = topology.replace('../processors/', '../linked/').replace('name: own', 'name: linked')
    project.write('topologies/linked.yaml', linked)
    expect(await project.run(['lint', 'topologies/linked.yaml'])).toMatchObject({ code: 0 })
    const { stdout: tree } = await project.run(['describe', 'topologies/own.yaml'])
    expect(tree).toContain('scored (../processors/score.ts, field amount, factor 3)')
    expect(tree).toContain('halved (map, orders.ts)')
    expect(tree).toContain('big (filter, orders.ts#big)')
    expect(tree).toContain('sizes (branch, by orders.ts#size)')
    expect(tree).toContain('pieces (flat-map, orders.ts#lines)')
    expect(tree).toContain('safe (redact, hash email)')
    expect(tree).toContain('loud (../sinks/shout.ts sink)')
    const { stdout: told } = await project.run(['explain', 'topologies/own.yaml'])
    const [, weak = ''] = told.split(/What \S+ does not guarantee/)
    for (const file of ['../processors/score.ts', '../functions/orders.ts#lines', '../sinks/shout.ts'])
      expect(weak).toContain(`${file} is code of this project.`)
  })

  test('runs: values, pieces and pseudonyms come out, and what throws is parked with its place', async () => {
    const lines = orders.map((order) => `${JSON.stringify(order)}\n`).join('')
    answer(await project.run(['produce', 'things', '--raw', '--key', 'id', '-o', 'json'], { input: lines }))
    const ran = await project.run(['run', 'topologies/own.yaml', '--until-end', '-o', 'json'], { env })
    expect(ran.code).toBe(0)
    const printed = ran.stdout.split('\n').filter((line) => line.startsWith('LOUD '))
    const values = printed.map((line) => JSON.parse(line.slice(5)) as Record<string, unknown>)
    expect(values.filter(({ id }) => id === 'c')).toEqual([
      { id: 'c', amount: 200, lines: [], points: 600, half: 100 },
    ])
    const pieces = values.filter(({ id }) => id === 'b')
    expect(pieces).toEqual([
      { id: 'b', line: 'x', n: 0, email: expect.stringMatching(/^[\w-]{43}$/) },
      { id: 'b', line: 'y', n: 1, email: pieces[0]!.email },
    ])
    expect(values).toHaveLength(3)
    expect(ran.stdout).not.toContain('@example.org')
    const summary = ran.stdout.split('\n').find((line) => line.startsWith('{'))!
    expect(addedUp(JSON.parse(summary) as Summary)).toMatchObject({
      consumed: 7,
      stored: 2,
      dropped: 2,
      deadLettered: 3,
    })

    const { stdout: list } = await project.run(['dlq', 'list'])
    const { stdout: shown } = await project.run(['dlq', 'list', '-o', 'json'])
    expect(list + shown).toContain('functions/orders.ts:6:34: unlucky number.')
    expect(list + shown).toContain('Fourteen is never sold.')
  })

  test('a released record makes its pieces once more, and settles', async () => {
    project.edit('functions/orders.ts', 'order.amount === 13) throw', 'order.amount === 1313) throw')
    answer(await project.run(['dlq', 'release', '--topic', 'things', '--key', 'd', '--yes', '-o', 'json']))
    const ran = await project.run(['run', 'topologies/own.yaml', '--until-end'], { env })
    const lines = ran.stdout.split('\n').filter((line) => line.startsWith('LOUD '))
    expect(lines.map((line) => (JSON.parse(line.slice(5)) as { line: string }).line)).toEqual([
      'x',
      'waits behind the one before',
    ])
  })

  test('a secret that is not set, or too short, stops the start and is never shown', async () => {
    const words = ['run', 'topologies/own.yaml', '--until-end']
    expectRefusal(
      await project.run(words),
      1,
      /The variable REDACT_KEY, .* is not set: set it before the start\.$/,
    )
    const short = await project.run(words, { env: { REDACT_KEY: 'hunter2' } })
    expectRefusal(short, 1, /The key of a redact has fewer than 16 bytes: take a longer one\.$/)
    expect(short.stderr).not.toContain('hunter2')
  })
})

describe('the guide', () => {
  const guide = readFileSync(join(root, 'docs/guide/processors.md'), 'utf8')
  const blocks = [...guide.matchAll(/^`([^`]+)`:\n\n```\w+\n([^]*?)^```$/gm)].map(
    ([, name, text]) => [name!, text!] as const,
  )

  test('shows a project that works', async () => {
    expect(blocks.map(([name]) => name)).toEqual([
      'functions/orders.ts',
      'processors/score.ts',
      'sinks/lines.ts',
      'topologies/orders.yaml',
    ])
    const shown = new TestProject({ 'schemas/README.md': '', ...Object.fromEntries(blocks) })
    try {
      expect((await shown.run(['lint', 'topologies/orders.yaml'])).stdout).toBe(
        'Nothing to complain about in 1 file.\n',
      )
      const lines = ['DE', 'FR', 'XX'].map(
        (country, n) => `{"id":"o${n}","country":"${country}","total":${n === 1 ? 10 : 2000}}\n`,
      )
      answer(
        await shown.run(['produce', 'orders', '--raw', '--key', 'id', '-o', 'json'], {
          input: lines.join(''),
        }),
      )
      answer(await shown.run(['run', 'topologies/orders.yaml', '--until-end', '-o', 'json']))
      expect(readFileSync(shown.path('large-orders.jsonl'), 'utf8')).toBe(
        '{"id":"o0","country":"DE","total":2000,"tax":380,"score":1}\n',
      )
      const { stdout } = await shown.run(['dlq', 'list'])
      expect(stdout).toContain('There is no tax rate for XX.')
    } finally {
      shown.remove()
    }
  })

  test('shows code that is typed by the options that it shows', async () => {
    const [, options] = /```json\n([^]*?)```/.exec(guide)!
    const shown = new TestProject(Object.fromEntries(blocks))
    const { compilerOptions } = JSON.parse(options!) as { compilerOptions: object }
    const paths = { millrace: [join(root, 'engine/component/index.ts')] }
    const here = { paths, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] }
    shown.write('package.json', '{ "type": "module" }')
    shown.write('tsconfig.json', JSON.stringify({ compilerOptions: { ...compilerOptions, ...here } }))
    try {
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      await expect(promisify(execFile)('node', [tsc], { cwd: shown.folder })).resolves.toMatchObject({
        stdout: '',
      })
    } finally {
      shown.remove()
    }
  })
})
