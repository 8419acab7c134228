import type { WriteOptions } from '../component/contracts/log.ts'
import type { Lookup } from '../component/contracts/lookup.ts'
import type { TableInfo, TableOutcome, TableRow, Tables, TablesLoad } from '../component/contracts/tables.ts'
import { ByteSink } from '../cql/bytes.ts'
import { unknownTable, type Catalogue } from '../cql/schema.ts'
import { typeName } from '../cql/types.ts'
import { asMillraceError } from '../errors.ts'
import type { GroupedRow } from './batches.ts'
import { clientError, tooLarge } from './client-errors.ts'
import type { CassandraClient } from './client.ts'
import { CassandraLookup, type LookupContext } from './lookup.ts'
import { readSchema, type LiveSchema } from './migration-schema.ts'
import { migrationSession } from './migration-session.ts'
import { Requests } from './requests.ts'
import { whereOf } from './settings.ts'
import { checkTable } from './tables-check.ts'
import { RowValuesCodec } from './values.ts'
import type { EncodedCall } from './write-call.ts'
import { WriteQueue } from './write-queue.ts'

/** What a frame may have by default (native_transport_max_frame_size), and a little for its head. */
const mostRowBytes = 16 * 1024 * 1024 - 4096

const untried: TableOutcome = { outcome: 'untried' }
const stored: TableOutcome = { outcome: 'stored' }

/**
 * The tables of a keyspace, as the migrations describe them. `order` is `batch`: one call takes many rows, of one key
 * too, and sends those of a partition together. Which of two writes of a cell stays is decided by their timestamps and
 * not by which came first, so that nothing but what follows a refused row has to wait for anything.
 */
export class CassandraTables implements Tables {
  readonly order = 'batch'
  readonly #client: CassandraClient
  readonly #catalogue: Catalogue
  readonly #live: LiveSchema
  readonly #requests: Requests
  readonly #queue: WriteQueue
  readonly #codecs = new Map<string, RowValuesCodec>()
  readonly #lookups: LookupContext
  #written = 0

  private constructor(client: CassandraClient, catalogue: Catalogue, live: LiveSchema) {
    this.#client = client
    this.#catalogue = catalogue
    this.#live = live
    this.#requests = new Requests(client)
    this.#queue = new WriteQueue(this.#requests, client.settings.inFlight)
    this.#lookups = { requests: this.#requests, written: () => this.#written }
  }

  /**
   * Reads what tables the keyspace has. The client stays the caller's, who closes it after these tables.
   *
   * @throws MillraceError downstream while nobody answers, fatal where the settings must be corrected
   */
  static async open(client: CassandraClient, catalogue: Catalogue): Promise<CassandraTables> {
    const { settings, driver } = client
    const schema = readSchema(migrationSession(driver), settings.keyspace).catch((error: unknown) => {
      throw clientError(error, `Reading the tables of ${settings.keyspace}`, whereOf(settings))
    })
    return new CassandraTables(client, catalogue, await schema)
  }

  /** Throws TABLE_UNKNOWN or TABLE_INCOMPATIBLE where the keyspace lacks what the migrations make. */
  describe(name: string): TableInfo | undefined {
    if (!this.#catalogue.tables.has(name)) return undefined
    const { columns } = this.#codec(name).schema
    const shown = columns.map((column) => {
      return { name: column.name, type: typeName(column.type), kind: column.kind }
    })
    return { name, columns: shown }
  }

  #codec(name: string): RowValuesCodec {
    const known = this.#codecs.get(name)
    if (known !== undefined) return known
    const schema = this.#catalogue.tables.get(name)
    if (schema === undefined) throw unknownTable(this.#catalogue, name)
    const { keyspace } = this.#client.settings
    checkTable(schema, this.#live.get(name), keyspace)
    const codec = new RowValuesCodec(schema, keyspace)
    this.#codecs.set(name, codec)
    return codec
  }

  write(rows: readonly TableRow[], options: WriteOptions = {}): Promise<readonly TableOutcome[]> {
    // Never used again: the driver may send of it later, though the call has failed. The rows are not needed once they
    // are encoded, and so nothing here holds them while the nodes are asked.
    const encoded = this.#encode(rows, new ByteSink(firstSinkBytes))
    return this.#queue.run(encoded, options).finally(() => {
      this.#written++
    })
  }

  #encode(rows: readonly TableRow[], sink: ByteSink): EncodedCall {
    const refusedKeys = new Set<string>()
    const encoded: (GroupedRow | undefined)[] = []
    const outcomes: (TableOutcome | undefined)[] = []
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!
      const { orderKey } = row
      let outcome: TableOutcome | undefined
      let grouped: GroupedRow | undefined
      if (orderKey !== undefined && refusedKeys.has(orderKey)) outcome = untried
      else {
        try {
          grouped = this.#encodeRow(sink, row, index)
          if (grouped === undefined) outcome = stored
        } catch (error) {
          outcome = { outcome: 'refused', error: asMillraceError(error, 'ROW_REFUSED') }
          if (orderKey !== undefined) refusedKeys.add(orderKey)
        }
      }
      encoded.push(grouped)
      outcomes.push(outcome)
    }
    return { sink, rows: encoded, outcomes, refusedKeys: new Set() }
  }

  /** Undefined where there is nothing to write. */
  #encodeRow(sink: ByteSink, row: TableRow, index: number): GroupedRow | undefined {
    const encoded = this.#codec(row.table).encode(sink, row)
    if (encoded === undefined) return undefined
    const { start, end } = encoded
    if (end - start > mostRowBytes) {
      sink.length = start
      throw tooLarge(`A row of ${row.table}`, end - start, mostRowBytes)
    }
    return { ...encoded, index, orderKey: row.orderKey }
  }

  lookup(name: string): Lookup {
    return new CassandraLookup(this.#codec(name), this.#lookups)
  }

  /** How far its writes are from what they may be. */
  load(writer: string): TablesLoad {
    const { window: most, underWay } = this.#queue
    return { most, underWay, waiting: this.#queue.waiting(writer) }
  }

  /** Writes and lookups under way fail at once. May be called twice. */
  close(): Promise<void> {
    this.#requests.close()
    return Promise.resolve()
  }
}

const firstSinkBytes = 16 * 1024
