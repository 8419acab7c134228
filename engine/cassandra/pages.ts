import type { Client } from 'cassandra-driver'
import { encodeCell } from '../cql/cells.ts'
import type { CqlType, CqlValue } from '../cql/types.ts'
import { inetText } from '../cql/value-forms.ts'
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
  return toCqlValue(type, unwrapped(type, value), 'a cell') ?? null
}

/** Uuid, LocalDate, LocalTime and BigDecimal are the driver's own; as text they are what CQL writes. */
function unwrapped(type: CqlType, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (type.kind === 'list' || type.kind === 'set')
    return [...(value as Iterable<unknown>)].map((item) => unwrapped(type.element, item))
  if (type.kind === 'map') return mapOf(type, value as Map<unknown, unknown>)
  // As text the driver's InetAddress loses what stands between two zeros of an IPv6 address.
  if (type.kind === 'inet') return inetText((value as { getBuffer(): Buffer }).getBuffer())
  if (Buffer.isBuffer(value) || value instanceof Date) return value
  return (value as { toString(): string }).toString()
}

function mapOf(type: Extract<CqlType, { kind: 'map' }>, map: Map<unknown, unknown>): Map<unknown, unknown> {
  const entries = [...map].map(
    ([key, item]) => [unwrapped(type.key, key), unwrapped(type.value, item)] as const,
  )
  return new Map(entries)
}
