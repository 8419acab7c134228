import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import { type IdStore, sighting } from '../../../engine/component/contracts/state.ts'
import { createIdStore } from '../../../engine/state/id-store.ts'
import { FakeLineage } from '../../support/fake-lineage.ts'
import { writeProbe } from './id-subject.ts'

interface Window {
  readonly windowMs: number
  readonly buckets: number
}

/** A topology whose window is changed between its lives; the backend is a list of blocks. */
class Lives {
  store: IdStore
  blocks: StateBlock[] = []
  time = 1_000_000
  window: Window
  /** The longest bucket that any id may lie in. */
  longestMs = 0
  #offset = 0
  readonly #lineage = new FakeLineage()

  constructor(window: Window) {
    this.window = window
    this.store = this.#open(window)
    this.pass(0)
  }

  restart(window: Window): void {
    this.window = window
    this.store = this.#open(window)
    for (const block of this.blocks) this.store.restore(block)
    this.pass(0)
  }

  pass(ms: number): void {
    this.time += ms
    this.store.advance(this.time)
  }

  /** Stores an id, commits, and does what the store says may be done with old blocks. */
  add(id: string): void {
    writeProbe(this.store, id, 'a body')
    expect(this.store.see(0, ++this.#offset, this.#lineage, this.#offset)).toBe(sighting.fresh)
    this.#lineage.settle(this.#offset, 'stored')
    this.commit()
  }

  commit(): void {
    const { blocks, expiredBelow = Number.NEGATIVE_INFINITY } = this.store.seal({ has: () => true })
    const newest = this.blocks.at(-1)?.bucket ?? Number.NEGATIVE_INFINITY
    for (const block of blocks) expect(block.bucket).toBeGreaterThanOrEqual(newest)
    this.blocks = [...this.blocks, ...blocks].filter(({ bucket }) => bucket >= expiredBelow)
    this.store.committed()
  }

  knows(id: string): boolean {
    writeProbe(this.store, id, 'a body')
    return this.store.see(0, 2 ** 40 + this.#offset++, this.#lineage, this.#offset) === sighting.duplicate
  }

  #open(window: Window): IdStore {
    this.longestMs = Math.max(this.longestMs, Math.ceil(window.windowMs / window.buckets))
    return createIdStore({ name: 'unique', ...window })
  }
}

const window: fc.Arbitrary<Window> = fc.record({
  windowMs: fc.integer({ min: 1, max: 4000 }),
  buckets: fc.integer({ min: 1, max: 31 }),
})

test('a window that is changed between two starts holds for what is stored, and old blocks go', () => {
  const life = fc.record({ window, passes: fc.array(fc.nat(700), { maxLength: 12 }) })
  fc.assert(
    fc.property(window, fc.array(life, { minLength: 1, maxLength: 4 }), (first, lives) => {
      const all = new Lives(first)
      const added: { id: string; at: number; forgotten: boolean }[] = []
      const ageing = (): void => {
        for (const one of added) one.forgotten ||= all.time - one.at >= all.window.windowMs
      }
      for (const [n, { window: next, passes }] of lives.entries()) {
        for (const [m, ms] of passes.entries()) {
          all.pass(ms)
          const id = `${n}-${m}`
          all.add(id)
          added.push({ id, at: all.time, forgotten: false })
          ageing()
        }
        all.restart(next)
        ageing()
      }
      for (const { id, forgotten } of added) {
        if (!forgotten) expect(all.knows(id)).toBe(true)
      }
      all.restart(all.window)
      const { windowMs, buckets } = all.window
      all.pass(buckets * Math.ceil(windowMs / buckets) + 2 * all.longestMs)
      all.commit()
      expect(all.blocks).toEqual([])
      expect(all.store.size).toBe(0)
    }),
    { numRuns: 1000 },
  )
})

test('a longer window begins to hold at once; blocks of the shorter one are deleted when their time has come', () => {
  const all = new Lives({ windowMs: 800, buckets: 8 })
  all.add('old')
  all.restart({ windowMs: 8000, buckets: 8 })
  all.pass(5000)
  expect(all.knows('old')).toBe(true)
  all.restart(all.window)
  all.add('new')
  expect(all.blocks).toHaveLength(2)
  all.pass(5000)
  expect(all.knows('old')).toBe(false)
  expect(all.knows('new')).toBe(true)
  all.restart(all.window)
  all.pass(0)
  all.commit()
  expect(all.blocks).toHaveLength(1)
})
