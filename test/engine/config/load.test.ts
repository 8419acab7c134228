import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configOf, loadTopologyFile, readTopologyText } from '../../../engine/config/load.ts'
import type { TopologyConfig } from '../../../engine/config/topology-config.ts'
import { registry } from './kit.ts'

const audit = `name: audit-store
description: Every audit event once.
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent, timestamp: timestamp } }
processors:
  unique: { type: dedupe, from: events, by: eventId } # lint-allow ML004 keyed by entity
sinks:
  # lint-allow ML006 filled later
  # and another remark
  entities: { type: table, from: [unique, unique.conflicts], table: audit_by_entity }
errors: { then: halt }
`

function load(text: string, env: Readonly<Record<string, string>> = {}): TopologyConfig {
  return configOf(readTopologyText('t.yaml', text, registry, env))
}

/** A topology whose one topic is written as given. */
const withTopic = (topic: string): string => `name: x
sources:
  in:
    type: topic
    topic: ${topic}
sinks: { out: { type: console, from: in } }
`

describe('a valid file', () => {
  test('gives its nodes with settings, defaults and places', () => {
    const config = load(audit)
    expect(config).toMatchObject({
      name: 'audit-store',
      description: 'Every audit event once.',
      commitInterval: 200,
    })
    expect(config.nodes.map(({ kind, name, type }) => [kind, name, type])).toEqual([
      ['source', 'events', 'topic'],
      ['processor', 'unique', 'dedupe'],
      ['sink', 'entities', 'table'],
    ])
    const [, unique, entities] = config.nodes
    expect(unique!.config).toEqual({ by: 'eventId', window: 7 * 86_400_000 })
    expect(unique!.definition).toBe(registry.processors.dedupe)
    expect(unique!.position).toEqual({ file: 't.yaml', line: 5, column: 3 })
    expect(unique!.fieldPositions.by).toEqual({ file: 't.yaml', line: 5, column: 41 })
    expect(entities!.from).toEqual([
      { node: 'unique', output: undefined, file: 't.yaml', line: 9, column: 35 },
      { node: 'unique', output: 'conflicts', file: 't.yaml', line: 9, column: 43 },
    ])
  })

  test('has defaults for what it does not say', () => {
    const { errors, budget } = load(audit)
    expect(errors).toEqual({
      attempts: 5,
      within: undefined,
      answerWithin: 300_000,
      breaker: { after: 5 },
      parking: { keys: 10_000, letters: 100_000, bytes: 1024 ** 3 },
      nodes: {},
      then: 'halt',
      backoff: { first: 100, longest: 30_000 },
      flood: { share: 0.5, of: 1000 },
    })
    expect(budget).toEqual({ partitionBytes: 16 * 1024 ** 2, totalBytes: 64 * 1024 ** 2 })
  })

  test('keeps what its comments allow, with the line that they speak of', () => {
    expect(load(audit).allowances).toEqual([
      { line: 5, target: 5, code: 'ML004', reason: 'keyed by entity' },
      { line: 7, target: 9, code: 'ML006', reason: 'filled later' },
    ])
  })

  test('may share settings by anchors, and have any line ends or a byte order mark', () => {
    const text = `name: x
sources: { in: &in { type: topic, topic: a }, more: *in }
sinks: { out: { type: console, from: [in, more] } }
`
    for (const variant of [text, text.replaceAll('\n', '\r\n'), `\ufeff${text}`]) {
      expect(load(variant).nodes[1]!.config).toEqual({ topic: 'a' })
    }
  })
})

describe('variables', () => {
  test.each([
    ['${TOPIC}', 'orders'],
    ["'${TOPIC}'", 'orders'],
    ['"pre-${TOPIC}.${SUFFIX:v1}"', 'pre-orders.v1'],
    ['${UNSET:fallback}', 'fallback'],
    ['${TOPIC:fallback}', 'orders'],
  ])('%s gives %s', (written, expected) => {
    expect(load(withTopic(written), { TOPIC: 'orders' }).nodes[0]!.config.topic).toBe(expected)
  })

  test('$${ stands for itself', () => {
    const text = `description: costs $\${AMOUNT}\n${withTopic('a')}`
    expect(load(text).description).toBe('costs ${AMOUNT}')
  })

  test('numbers and truths come from variables without quotes', () => {
    const text = `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
errors:
  attempts: \${ATTEMPTS}
`
    expect(load(text, { ATTEMPTS: '7' }).errors.attempts).toBe(7)
    expect(() => load(text.replace('${ATTEMPTS}', '"${ATTEMPTS}"'), { ATTEMPTS: '7' })).toThrow(
      'must be a number',
    )
  })

  test('bring no structure with them', () => {
    expect(() => load(withTopic('${TOPIC}'), { TOPIC: '{ a: b }' })).toThrow('what its variable holds')
    expect(() => load(withTopic('${TOPIC}'), { TOPIC: 'a\n    schema: b' })).toThrow('expected a topic name')
  })

  test('properties of objects are no variables', () => {
    expect(() => load(withTopic('${constructor}'))).toThrow('The variable constructor is not set')
  })
})

describe('a file that cannot be a topology', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-config-'))
    await mkdir(join(folder, 'folder'))
    await writeFile(join(folder, 'orders.yaml'), withTopic('a'))
    await writeFile(join(folder, 'big.yaml'), `# ${'x'.repeat(1024 * 1024)}\n${withTopic('a')}`)
    await writeFile(join(folder, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00, 0x80]))
    await writeFile(join(folder, 'secret.yaml'), withTopic('a'))
    await chmod(join(folder, 'secret.yaml'), 0)
  })
  afterAll(() => rm(folder, { recursive: true }))

  const load = (name: string) => loadTopologyFile(join(folder, name), registry, {})

  test.each([
    ['nothing.yaml', 'There is no file .*nothing.yaml\\.$'],
    ['order.yaml', 'There is no file .*order.yaml: did you mean .*/orders.yaml\\?$'],
    ['orders.yaml/x', 'There is no file .*orders.yaml/x\\.$'],
    ['folder', 'folder is a folder: name a topology file in it\\.$'],
    ['big.yaml', 'has 10\\d+ bytes: a topology has at most 1 MiB\\.$'],
    ['binary.yaml', 'is not UTF-8 text: a topology is a YAML file\\.$'],
  ])('%s', async (name, sentence) => {
    await expect(load(name)).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      kind: 'fatal',
      message: expect.stringMatching(sentence),
    })
  })

  const asRoot = process.getuid?.() === 0
  const unlessRoot = asRoot ? test.skip : test
  unlessRoot('secret.yaml', async () => {
    await expect(load('secret.yaml')).rejects.toThrow('may not be read')
  })

  test('a readable one is loaded', async () => {
    await expect(load('orders.yaml')).resolves.toMatchObject({ name: 'x' })
  })

  test('aliases that would grow without end are refused, quickly', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
    const levels = names.map((name, index) => {
      const inner = index === 0 ? 'lol' : `*${names[index - 1]}`
      return `${name}: &${name} [${Array(9).fill(inner).join(', ')}]`
    })
    const started = performance.now()
    const { problems } = readTopologyText('t.yaml', levels.join('\n'), registry, {})
    expect(problems.map(({ message }) => message)).toContain(
      'The aliases of this file stand for too much: at most 100 are followed.',
    )
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test.each(['[', '{ a: ', '- '])('deep nesting of %s is refused', (open) => {
    const { problems } = readTopologyText('t.yaml', open.repeat(50_000), registry, {})
    expect(problems.length).toBeGreaterThan(0)
  })

  test('a crowd of nodes is refused', () => {
    const nodes = Array.from({ length: 600 }, (_, n) => `  n${n}: { type: throttle, from: in, rate: 1 }`)
    const text = withTopic('a').replace('sinks:', `processors:\n${nodes.join('\n')}\nsinks:`)
    const { problems } = readTopologyText('t.yaml', text, registry, {})
    expect(problems.map(({ message }) => message)).toEqual([
      'The topology has 602 nodes: at most 500 are planned, split it.',
    ])
  })
})
