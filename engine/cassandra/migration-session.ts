import type { Client, types } from 'cassandra-driver'
import { encodeCell } from '../cql/cells.ts'
import type { CqlType } from '../cql/types.ts'

/** What is bound to a statement: text, whole numbers, times, or nothing. */
export type Bound = string | number | Date | null

/** A row as the driver has it. */
export type AnsweredRow = Readonly<Record<string, unknown>>

/** What migrations ask of a database. Each call rejects with the driver's error. */
export interface MigrationSession {
  /** Reads at QUORUM. */
  read(statement: string, values?: readonly Bound[]): Promise<readonly AnsweredRow[]>
  /** A conditional write, or a serial read of what such writes left; linear over all datacenters. */
  serial(
    statement: string,
    values?: readonly Bound[],
  ): Promise<{ readonly applied: boolean; readonly rows: readonly AnsweredRow[] }>
  /** Changes the schema. Resolves when one node has taken it. */
  change(statement: string): Promise<void>
  /** Whether all nodes that are up have the same schema. */
  agreed(): Promise<boolean>
}

// Of the protocol. The driver is loaded late, and these would load it early.
const quorum = 4
const serial = 8
const invalidRequest = 0x2200

const loadAttempts = 50
const loadPauseMs = 100

/** How long a change of the schema may take, ms: a table with an id to be agreed on by many nodes takes a while. */
const changeMs = 60_000

/** The driver has it; its types do not say so. */
type Agreeing = Client['metadata'] & { checkSchemaAgreement(): Promise<boolean> }

/** The session of an open client. */
export function migrationSession(client: Client): MigrationSession {
  const bound = (values: readonly Bound[]): unknown[] => values.map(encoded)
  return {
    async read(statement, values = []) {
      const options = { prepare: true, consistency: quorum, isIdempotent: true }
      return rowsOf(await client.execute(statement, bound(values), options))
    },
    async serial(statement, values = []) {
      const reads = /^\s*select/i.test(statement)
      // A conditional write is not idempotent for the driver: whoever repeats it must look at who holds the lock.
      const options = {
        prepare: true,
        consistency: reads ? serial : quorum,
        serialConsistency: serial,
        isIdempotent: reads,
      }
      const result = await onceLoaded(() => client.execute(statement, bound(values), options))
      return { applied: reads || result.wasApplied(), rows: rowsOf(result) }
    },
    async change(statement) {
      await client.execute(statement, [], { prepare: false, readTimeout: changeMs, isIdempotent: false })
    },
    agreed: () => (client.metadata as Agreeing).checkSchemaAgreement(),
  }
}

/** A table that another process has just made is in the system's tables a moment before statements know it. */
async function onceLoaded<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      const { code, message } = error as { readonly code?: unknown; readonly message?: string }
      const unknown = code === invalidRequest && /unconfigured table|does not exist/i.test(message ?? '')
      if (!unknown || tries === loadAttempts) throw error
      await new Promise((resolve) => setTimeout(resolve, loadPauseMs))
    }
  }
}

function rowsOf(result: types.ResultSet): readonly AnsweredRow[] {
  return result.rows ?? []
}

function encoded(value: Bound): Buffer | null {
  if (value === null) return null
  if (typeof value === 'string') return encodeCell({ kind: 'text' }, value)
  const type: CqlType = { kind: value instanceof Date ? 'timestamp' : 'int' }
  return encodeCell(type, value instanceof Date ? value.getTime() : value)
}
