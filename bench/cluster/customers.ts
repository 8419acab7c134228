import { Buffer } from 'node:buffer'
import type { BatchColumns } from '../../native/write-results.ts'
import { keyDigits, keyPrefix } from './orders.ts'
import type { RecordMaker } from './wire.ts'

/** The row of a customer. */
export interface Customer {
  readonly name: string
  readonly city: string
}

export function customerRow(number: number): Customer {
  return { name: `Customer ${number}`, city: `City ${number % 997}` }
}

/** Makes the rows of a table of customers, one for each key of the orders, as JSON. */
export class Customers implements RecordMaker {
  readonly #count: number
  readonly #time: number
  #next = 0

  /** All rows are of that time. */
  constructor(count: number, time: number) {
    this.#count = count
    this.#time = time
  }

  next(count: number): BatchColumns | undefined {
    const rows = Math.min(count, this.#count - this.#next)
    if (rows <= 0) return undefined
    const parts = Array.from({ length: rows }, () => this.#record())
    const bytes = Buffer.concat(parts.flat())
    const [keyStarts, keyEnds, valueEnds] = [new Int32Array(rows), new Int32Array(rows), new Int32Array(rows)]
    const none = new Int32Array(rows)
    let at = 0
    for (const [row, [key, value]] of parts.entries()) {
      keyStarts[row] = at
      keyEnds[row] = at + key.length
      valueEnds[row] = at += key.length + value.length
    }
    const timestamps = new Float64Array(rows).fill(this.#time)
    const headers = { headerStarts: none, headerEnds: none }
    return { count: rows, bytes, timestamps, keyStarts, keyEnds, valueStarts: keyEnds, valueEnds, ...headers }
  }

  #record(): readonly [Buffer, Buffer] {
    const number = this.#next++
    const key = `${keyPrefix}${String(number).padStart(keyDigits, '0')}`
    return [Buffer.from(key), Buffer.from(JSON.stringify(customerRow(number)))]
  }
}
