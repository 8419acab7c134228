import type { Client } from 'cassandra-driver'
import { encodeCell } from '../cql/cells.ts'
import type { CqlType, CqlValue } from '../cql/types.ts'
import { toCqlValue } from '../cql/values.ts'

/** A value with the type that it is bound as. */
export interface BoundValue {
  readonly type: CqlType
  readonly value: CqlValue
}

/** A statement with its values. */
export interface Question {
  readonly text: string
  readonly values: readonly BoundValue[]
}

/** How a question is asked. */
export interface PageRequest {
  /** Rows at most; Cassandra may answer fewer though there are more. */
  readonly rows: number
  /** From the page before. */
  readonly state: string | undefined
}

/** Rows in the order of the question, and what asks for the next; no state after the last. */
export interface AnsweredPage {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly state: string | undefined
}

/** Asks one page of a question. Rejects with the driver's error. */
export async function askPage(
  driver: Client,
  { text, values }: Question,
  { rows, state }: PageRequest,
): Promise<AnsweredPage> {
  // The driver takes buffers as they are: these are the bytes that embedded tables have.
  const bound = values.map(({ type, value }) => encodeCell(type, value))
  const result = await driver.execute(text, bound, {
    prepare: true,
    isIdempotent: true,
    fetchSize: rows,
    autoPage: false,
    ...(state !== undefined && { pageState: state }),
  })
  // An empty state would begin again.
  const next = (result.pageState as string | null) ?? ''
  return {
    rows: (result.rows ?? []) as unknown as AnsweredPage['rows'],
    state: next === '' ? undefined : next,
  }
}

/** A value of the driver as a canonical one. */
export function fromDriver(type: CqlType, value: unknown): CqlValue | null {
  if (value === null || value === undefined) return null
  return toCqlValue(type, unwrapped(value), 'a cell') ?? null
}

/** Uuid, InetAddress, LocalDate, LocalTime and BigDecimal are the driver's own; as text they are what CQL writes. */
function unwrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Buffer.isBuffer(value) || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(unwrapped)
  if (value instanceof Set) return [...value].map(unwrapped)
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [unwrapped(key), unwrapped(one)]))
  if (Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unwrapped(one)]))
  return (value as { toString(): string }).toString()
}
