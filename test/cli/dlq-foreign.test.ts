// Dead letters of other programs: what is written again, and where.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { plainRecord } from '../../engine/component/packed-records.ts'
import { encodeLetter } from '../../engine/runtime/letters.ts'
import { parkingProject } from './parking-project.ts'

let project: ReturnType<typeof parkingProject>
beforeEach(async () => {
  project = parkingProject()
  await project.inProject(async ({ log }) => {
    await log.ensureTopic('pay', { partitions: 3 })
    await log.ensureTopic('pay.dlq', { partitions: 2 })
    const streams = { topic: 'pay', partition: '2', offset: '7', exception: 'java.lang.Error' }
    const headers = Object.entries(streams).map(([name, text]) => ({
      name: `__streams.errors.${name}`,
      value: Buffer.from(text),
    }))
    const one = (key: string, timestamp: number) => ({
      ...{
        topic: 'pay.dlq',
        partition: 0,
        key: Buffer.from(key),
        value: Buffer.from(`of ${key}`),
        timestamp,
      },
      headers: [{ name: 'trace', value: Buffer.from('t') }],
    })
    const info = {
      topic: 'pay',
      partition: 0,
      offset: 1,
      timestamp: 1,
      group: 'g',
      node: 'n',
      follower: false,
    }
    const own = {
      ...info,
      kind: 'record',
      code: 'X',
      message: '',
      attempts: 1,
      firstFailure: 1,
      parkedAt: 300,
    }
    await log.append([
      { ...one('a', 100), headers: [...one('a', 100).headers, ...headers] },
      one('b', 200),
      { ...one('c', 300), ...encodeLetter(own, one('c', 300)) },
      { ...one('d', 400), partition: 1 },
    ])
  })
})
afterEach(() => project.remove())

/** Key, partition and names of headers of what is in the topic now. */
async function paid() {
  return project.inProject(async ({ log }) => {
    const found: [string, number | undefined, string[]][] = []
    for (const partition of [0, 1, 2]) {
      const { records } = await log.fetch({ topic: 'pay', partition }, 0, 100)
      for (let row = 0; row < records.count; row++) {
        const { key, headers } = plainRecord(records, row)
        const text = Buffer.from(key!).toString()
        found.push([text, text === 'a' ? partition : undefined, headers.map(({ name }) => name)])
      }
    }
    return found.toSorted(([a], [b]) => a.localeCompare(b))
  })
}

const origin = ['trace', 'millrace.replayed.by', 'millrace.replayed.at', 'millrace.replayed.from']

describe('dlq replay of a dead-letter topic', () => {
  test('a dry run says what it would write, and what nobody knows', async () => {
    const { code, out } = await project.dlq('replay', '--topic', 'pay.dlq', '--to', 'pay', '--dry-run')
    expect(code).toBe(0)
    expect(out[0]).toBe('Replay 3 records of pay.dlq to pay: not written, since this is a dry run.')
    expect(out[1]).toMatch(/^Left out: 1 that Millrace has parked/)
    expect(out[2]).toMatch(/^What it cannot know/)
    expect(await paid()).toEqual([])
  })

  test('records go where Kafka Streams read them, or by their keys; what Millrace parked is left', async () => {
    expect((await project.dlq('replay', '--topic', 'pay.dlq', '--to', 'pay', '--yes')).code).toBe(0)
    expect(await paid()).toEqual([
      ['a', 2, origin],
      ['b', undefined, origin],
      ['d', undefined, origin],
    ])
    const [begun, done] = await project.acts()
    expect(begun).toMatchObject({ act: 'replay', topology: null, topic: 'pay.dlq', to: 'pay', letters: 3 })
    expect(done).toMatchObject({ phase: 'done', letters: 3 })
  })

  test('only as many, of one key, of one time, or behind a place', async () => {
    const replay = async (...words: string[]) => {
      const ran = await project.dlq(
        'replay',
        '--topic',
        'pay.dlq',
        '--to',
        'pay',
        '--dry-run',
        '-o',
        'json',
        ...words,
      )
      return (JSON.parse(ran.out[0]!) as { letters: number }).letters
    }
    expect(await replay('--stop-at', '2')).toBe(2)
    expect(await replay('--key', 'b')).toBe(1)
    expect(await replay('--until', '1970-01-01T00:00:00.200Z')).toBe(1)
    expect(await replay('--after', '0@1')).toBe(1)
  })

  test.each([
    ['no target', [], 'needs --to TOPIC'],
    [
      'what letters of others do not say',
      ['--to', 'pay', '--code', 'X'],
      '--code is for letters of Millrace',
    ],
    ['an edit', ['0@0', '--to', 'pay', '--edit', '-'], '--edit is for letters of Millrace'],
    ['a target that is not there', ['--to', 'nowhere'], 'There is no topic nowhere'],
  ])('refuses %s', async (_what, words, sentence) => {
    const { code, err } = await project.dlq('replay', '--topic', 'pay.dlq', ...words)
    expect([code, err.join('\n')]).toEqual([2, expect.stringContaining(sentence)])
  })
})
