import { expect } from '@jest/globals'
import type { Written } from './workload.ts'

/** What an aggregate of the crash tests sends. */
export interface Total {
  readonly key: string
  readonly from?: number
  readonly version: number
  readonly n: number
  readonly ids?: readonly string[]
}

/** Versions ascend and are there once, and the last one holds every event of its key, in order. */
export function judgeTotals(
  values: readonly { readonly value: unknown }[],
  written: readonly Written[],
): void {
  const last = new Map<string, Total>()
  for (const { value } of values) {
    const total = value as Total
    expect(total.version).toBeGreaterThan(last.get(total.key)?.version ?? 0)
    last.set(total.key, total)
  }
  const expected = Map.groupBy(written, ({ key }) => key)
  expect(last.size).toBe(expected.size)
  for (const [key, events] of expected) {
    expect(last.get(key)).toMatchObject({ n: events.length, ids: events.map(({ id }) => id) })
  }
}
