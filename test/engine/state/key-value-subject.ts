import { expect } from '@jest/globals'
import fc from 'fast-check'
import type { Cut } from '../../../engine/component/contracts/state.ts'
import { createKeyValueStore } from '../../../engine/state/key-value-store.ts'
import type { StoreModel, StoreSubject, TestRecord } from '../../support/contracts/store-contract.ts'

/** A change of a key; null deletes it. */
export interface Put {
  readonly key: string
  readonly value: number | null
}

/** Every change in order, each with the record that made it. */
class PutModel implements StoreModel<Put> {
  #open: TestRecord<Put>[] = []
  #sealed: TestRecord<Put>[] = []
  #disk: TestRecord<Put>[] = []

  apply(record: TestRecord<Put>) {
    this.#open.push(record)
    return { says: 'done' }
  }

  probe({ key }: Put) {
    return { says: JSON.stringify((this.content() as Record<string, unknown>)[key]) ?? 'nothing' }
  }

  content(): unknown {
    const content: Record<string, unknown> = {}
    for (const { change } of [...this.#disk, ...this.#sealed, ...this.#open]) {
      if (change.value === null) delete content[change.key]
      else content[change.key] = { value: change.value }
    }
    return content
  }

  seal(cut: Cut) {
    this.#sealed = this.#open.filter((one) => cut.has(one.lineage, one.row))
    this.#open = this.#open.filter((one) => !this.#sealed.includes(one))
  }

  committed() {
    this.#disk.push(...this.#sealed)
    this.#sealed = []
  }

  crash() {
    this.#open = []
    this.#sealed = []
  }

  advance() {}
}

const keys = ['', 'a', 'b', 'käse', '鍵', '\u0000']

/** Histories for a key-value store. */
export const keyValueSubject: StoreSubject<Put> = {
  open: () => {
    const store = createKeyValueStore<{ value: number }>({ name: 'totals' })
    return {
      store,
      advance: () => {},
      apply: ({ change: { key, value }, lineage, row }) => {
        if (value === null) store.delete(key, lineage, row)
        else store.put(key, { value }, lineage, row)
        return { says: 'done' }
      },
      content: () => {
        expect(store.size).toBe([...store.entries()].length)
        return Object.fromEntries(store.entries())
      },
      probe: ({ key }) => ({ says: JSON.stringify(store.get(key)) ?? 'nothing' }),
    }
  },
  model: () => new PutModel(),
  change: fc.record({ key: fc.constantFrom(...keys), value: fc.option(fc.integer()) }),
  order: ({ key }) => key,
  universe: keys.map((key) => ({ key, value: 1 })),
}
