import type { SealedTask, StateBlock, StoreRef } from '../component/contracts/commit.ts'
import type { Fingerprint } from '../component/fingerprint.ts'
import type { Cut, IdStore, KeyValueStore, StateStore } from '../component/contracts/state.ts'
import { stored, unstored } from '../component/operators/aggregate/stored-values.ts'
import { bodyHash, fingerprint } from '../state/fingerprint.ts'
import { createIdStore } from '../state/id-store.ts'
import { jsonValues, type ValuePacker } from '../state/key-value-blocks.ts'
import { createKeyValueStore } from '../state/key-value-store.ts'
import type { LedgerRun } from './ledger-run.ts'

/** The state stores of a task's nodes, by name. */
export class TaskStores {
  readonly #stores = new Map<string, StateStore>()
  readonly #compacts: boolean

  /** `compacts`: the backend forgets overwritten values by itself. */
  constructor(compacts: boolean) {
    this.#compacts = compacts
  }

  /** The id store of a node. */
  ids(node: string, windowMs: number): IdStore {
    const ids = createIdStore({ name: node, windowMs })
    this.#stores.set(ids.name, ids)
    return ids
  }

  /** A store by key of a node. */
  byKey<Value>(node: string, name: string | undefined): KeyValueStore<Value> {
    const full = name === undefined ? node : `${node}.${name}`
    const store = createKeyValueStore<Value>({ name: full, rewrites: !this.#compacts })
    this.#stores.set(full, store)
    return store
  }

  /** The rows of a source that is read as a table. */
  table<Value>(node: string): KeyValueStore<Value> {
    const rows = createKeyValueStore<Value>({
      name: node,
      rewrites: !this.#compacts,
      values: decodedValues as ValuePacker<Value>,
    })
    this.#stores.set(node, rows)
    return rows
  }

  /** A store by key that there is. */
  existing(name: string): KeyValueStore {
    return this.#stores.get(name) as KeyValueStore
  }

  get refs(): StoreRef[] {
    return [...this.#stores.values()].map(({ name, kind }) => ({ name, kind }))
  }

  restore(block: StateBlock): void {
    this.#stores.get(block.store)!.restore(block)
  }

  /** Frees the id of a record that is skipped or discarded. */
  forget(input: number, offset: number, run: LedgerRun, row: number): void {
    for (const store of this.#stores.values()) {
      if ('forget' in store) (store as IdStore).forget(input, offset, run, row)
    }
  }

  /** The changes of the records that are sealed by now. */
  seal(): Pick<SealedTask, 'blocks' | 'expired'> {
    const blocks: SealedTask['blocks'][number][] = []
    const expired: SealedTask['expired'][number][] = []
    for (const store of this.#stores.values()) {
      const change = store.seal(cut)
      blocks.push(...change.blocks)
      if (change.expiredBelow !== undefined) expired.push({ store: store.name, below: change.expiredBelow })
    }
    return { blocks, expired }
  }

  committed(): void {
    for (const store of this.#stores.values()) store.committed()
  }

  values(): Iterable<StateStore> {
    return this.#stores.values()
  }
}

/** Values as codecs decode them: with long integers, times and bytes. */
const decodedValues: ValuePacker<unknown> = {
  pack: (value) => jsonValues.pack(stored(value)),
  unpack: (bytes) => unstored(jsonValues.unpack(bytes)),
}

const cut: Cut = { has: (lineage, row) => (lineage as LedgerRun).isSealed(row) }

/** The hashes that operators know records by. */
export const hashes: Fingerprint = { id: fingerprint, body: bodyHash }
