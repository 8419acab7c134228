// Records whose timestamp is a field of their line.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openProject } from '../../cli/project/project.ts'
import { makeProject, millrace } from './command-line.ts'

let project: ReturnType<typeof makeProject>
beforeEach(() => {
  project = makeProject()
})
afterEach(() => project.remove())

const produce = (lines: readonly string[], ...flags: string[]) => {
  writeFileSync(join(project.folder, 'in.jsonl'), lines.join('\n'))
  return millrace(project.folder, ['produce', 'events', '--file', 'in.jsonl', ...flags])
}

async function times(): Promise<number[]> {
  const opened = await openProject({ cwd: project.folder })
  try {
    const { records } = await opened.log.fetch({ topic: 'events', partition: 0 }, 0, 100)
    return [...records.timestamps.subarray(0, records.count)]
  } finally {
    await opened.close()
  }
}

test('milliseconds and ISO 8601 are times, at any depth', async () => {
  const ran = await produce(
    ['{"at":{"time":0}}', '{"at":{"time":1767614400123}}', '{"at":{"time":"2026-01-05T13:00:00+01:00"}}'],
    ...['--raw', '--timestamp', 'at.time'],
  )
  expect([ran.code, ran.err]).toEqual([0, []])
  expect(await times()).toEqual([0, 1767614400123, 1767614400000])
})

test('what is no time is refused by its line, and the rest goes on', async () => {
  const wrong = [
    '-1',
    '1.5',
    '"yesterday"',
    '"2026-01-05"',
    '"2026-13-05T12:00:00Z"',
    '8640000000000001',
    'true',
  ]
  const lines = [...wrong.map((text) => `{"at":${text}}`), '{"at":null}', '{}', '{"at":5}']
  const { code, err } = await produce(lines, '--raw', '--timestamp', 'at')
  expect(code).toBe(1)
  const refused = 'the timestamp at is no time from 1970 on: give milliseconds, or 2026-01-05T12:00:00Z'
  expect(err).toEqual([
    ...wrong.map((_text, n) => `line ${n + 1}: ${refused}`),
    'line 8: the timestamp at is null',
    'line 9: it has no field at for the timestamp',
  ])
  expect(await times()).toEqual([5])
})

test('without the flag it is now', async () => {
  const before = Date.now()
  await produce(['{"at":5}'], '--raw')
  const [time] = await times()
  expect(time).toBeGreaterThanOrEqual(before)
})

test('a field that the schema has not is told once', async () => {
  const { code, err } = await produce(['{"id":"a","n":1}'], '--schema', 'shop.Event', '--timestamp', 'm')
  expect(code).toBe(2)
  expect(err.join('\n')).toMatch(/--timestamp: shop\.Event has no field m/)
})
