import type { RecordSchema, RecordTypes } from '../codec.ts'
import type { KeyValueStore } from '../contracts/state.ts'
import type { Lineage } from '../lineage.ts'
import type { RecordBatch } from '../record-batch.ts'

const SCHEMA = '@schema|'

/** What is kept of the type of a record that waits; nothing of one that has none. */
export interface HeldType {
  /** Full name of the record that the value was read as, or was cast to. */
  readonly y?: string
  /** The schema that such records were read with then: the name of an entry that has it. */
  readonly s?: string
}

/**
 * The types of the records that a node keeps, and the schemas that they were read with, in the node's store: a record that
 * waits while a new version of its type is deployed goes on as if it had been read after that.
 *
 * Schemas are stored once, by what they say, and stay: there are as many as versions were in use.
 */
export class HeldTypes {
  readonly #entries: KeyValueStore
  readonly #types: RecordTypes | undefined
  readonly #now = new Map<string, RecordSchema | undefined>()
  /** Those that are durable. */
  readonly #stored = new Map<string, object>()

  constructor(entries: KeyValueStore, types: RecordTypes | undefined) {
    this.#entries = entries
    this.#types = types
  }

  /** What is to be kept of the record at index `i`. */
  of(batch: RecordBatch, i: number): HeldType {
    const y = batch.type(i)
    if (y === undefined) return {}
    const now = this.#schemaOf(y)
    return now === undefined ? { y } : { y, s: now.id }
  }

  /** The record was put into the store: its schema is there with it. `released`: it is the record of a letter. */
  put({ y, s }: HeldType, released: boolean, lineage: Lineage, row: number): void {
    if (y === undefined || s === undefined || this.#stored.has(s)) return
    // Records are committed in their order, and so are released ones, but neither in that of the others.
    const id = `${SCHEMA}${s}${released ? '|released' : ''}`
    if (this.#entries.get(id) === undefined) this.#entries.put(id, this.#schemaOf(y)!.json, lineage, row)
  }

  /** To be told of what is committed. True where it is a schema. */
  committed(id: string, value: unknown): boolean {
    if (!id.startsWith(SCHEMA)) return false
    if (value !== undefined) this.#stored.set(id.split('|')[1]!, value as object)
    return true
  }

  /**
   * The type of a record that waited, with this value. An earlier release kept none: then it is the one of the source's types that
   * the value fits, and none where it fits several, or none of them.
   */
  typeOf({ y }: HeldType, value: unknown): string | undefined {
    const types = this.#types
    if (y !== undefined || types === undefined) return y
    const fitting = types.names.filter((name) => fits(types, name, value))
    return fitting.length === 1 ? fitting[0] : undefined
  }

  /**
   * The value as it would be read now. Where that cannot be, it stays as it is: what a node has made of it since it was read
   * may be no record of its type, and a type may have become one that the versions before do not lead to.
   */
  renewed({ y, s }: HeldType, value: unknown): unknown {
    if (y === undefined || s === undefined || this.#types === undefined) return value
    const now = this.#schemaOf(y)
    const then = this.#stored.get(s)
    if (now === undefined || then === undefined || now.id === s) return value
    try {
      return this.#types.renew(y, value, then)
    } catch {
      return value
    }
  }

  #schemaOf(name: string): RecordSchema | undefined {
    if (!this.#now.has(name)) this.#now.set(name, this.#types?.schema(name))
    return this.#now.get(name)
  }
}

function fits(types: RecordTypes, name: string, value: unknown): boolean {
  try {
    types.fit(name, value)
    return true
  } catch {
    return false
  }
}
