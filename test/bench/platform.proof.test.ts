// The whole bench runs, on real servers, and finds the platform's result right.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, jest, test } from '@jest/globals'
import { measure } from '../../bench/clients/measure.ts'
import type { Results } from '../../bench/platform/results.ts'
import { folderWith } from '../support/folder.ts'

jest.setTimeout(1_200_000)

const folder = folderWith({})
afterAll(() => folder.remove())

test('make bench-platform ARGS="--smoke"', async () => {
  const script = join(import.meta.dirname, '../../bench/platform/run.ts')
  const args = ['--disable-warning=ExperimentalWarning', script, '--smoke', '--out', folder.path]
  // It fails where the result is wrong.
  const limits = { repeatSeconds: 0, limitSeconds: 1100 }
  const { output } = await measure({ program: process.execPath, args, ...limits }, folder.path)
  expect(output).toContain('written: ')
  const { runs } = JSON.parse(readFileSync(join(folder.path, 'platform.json'), 'utf8')) as Results
  expect(runs.map(({ layout, verdict }) => [layout, verdict.faults])).toEqual([
    ['processes', []],
    ['together', []],
  ])
  for (const { phases, processes, written, samples } of runs) {
    expect(phases.map(({ phase }) => phase)).toEqual(['warm-up', 'normal', 'spike', 'after'])
    expect(phases.flatMap(({ effects }) => Object.keys(effects))).toContain('notification')
    expect(processes.map(({ name }) => name)).toContain('Kafka')
    expect(written).toBeGreaterThan(3000)
    expect(samples.length).toBeGreaterThan(0)
  }
  expect(readFileSync(join(folder.path, 'platform.svg'), 'utf8')).toContain('<polyline')
})
