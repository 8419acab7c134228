import type { DialectName } from '../cql/migration-steps.ts'
import type { OptionValue } from '../cql/schema.ts'

/** Table options as one database takes them, and what had to be changed for it, a sentence each. */
export interface AdaptedOptions {
  readonly options: Readonly<Record<string, OptionValue>>
  readonly notes: readonly string[]
}

type Options = Readonly<Record<string, OptionValue>>
type Submap = Readonly<Record<string, string>>

/** Options that the other database does not have; it would refuse the whole statement. */
const foreign: Readonly<Record<DialectName, readonly string[]>> = {
  cassandra: ['paxos_grace_seconds', 'per_partition_rate_limit', 'tablets', 'tombstone_gc'],
  scylla: [
    'additional_write_policy',
    'allow_auto_snapshot',
    'extensions',
    'incremental_backups',
    'memtable',
    'read_repair',
  ],
}

/** Options of compaction that any strategy takes, in both. */
const commonCompaction = [
  'enabled',
  'max_threshold',
  'min_threshold',
  'tombstone_compaction_interval',
  'tombstone_threshold',
  'unchecked_tombstone_compaction',
]

/**
 * What a table's options are called in a database: options that it lacks are left out, those that it spells another way
 * are spelt so. Nothing that changes what a table means is touched: those options are the same in both.
 */
export function adaptOptions(options: Options, dialect: DialectName): AdaptedOptions {
  const notes: string[] = []
  const adapted: Record<string, OptionValue> = {}
  for (const [name, value] of Object.entries(options)) {
    if (foreign[dialect].includes(name)) notes.push(`${title(dialect)} has no option ${name}: left out`)
    else {
      const own = adaptValue(name, value, dialect, notes)
      if (own !== undefined) adapted[name] = own
    }
  }
  return { options: adapted, notes }
}

function adaptValue(
  name: string,
  value: OptionValue,
  dialect: DialectName,
  notes: string[],
): OptionValue | undefined {
  if (name === 'cdc') return adaptCdc(value, dialect)
  if (name === 'speculative_retry' && typeof value === 'string' && dialect === 'scylla')
    return scyllaRetry(value, notes)
  if (typeof value !== 'object') return value
  if (name === 'compaction') return adaptCompaction(value, dialect, notes)
  return name === 'compression' ? adaptCompression(value, dialect) : value
}

/** `true` in Cassandra, `{'enabled': 'true', …}` in Scylla. */
function adaptCdc(value: OptionValue, dialect: DialectName): OptionValue {
  if (dialect === 'scylla') return typeof value === 'object' ? value : { enabled: String(value) }
  return typeof value === 'object' ? value['enabled']?.toLowerCase() === 'true' : value
}

/** Scylla knows `99.0PERCENTILE` but not the newer `99p`, and no MIN(…) or MAX(…). */
function scyllaRetry(value: string, notes: string[]): string | undefined {
  const percentile = /^\s*([\d.]+)p\s*$/i.exec(value)
  if (percentile !== null) return `${percentile[1]}PERCENTILE`
  if (!/^\s*(?:min|max)\s*\(/i.test(value)) return value
  notes.push(`Scylla has no speculative_retry ${value}: left out`)
  return undefined
}

function adaptCompaction(value: Submap, dialect: DialectName, notes: string[]): Submap {
  const given = value['class'] ?? ''
  const name = given.slice(given.lastIndexOf('.') + 1)
  const replacement =
    dialect === 'scylla'
      ? { UnifiedCompactionStrategy: 'SizeTieredCompactionStrategy' }[name]
      : { IncrementalCompactionStrategy: 'SizeTieredCompactionStrategy' }[name]
  if (replacement !== undefined) {
    notes.push(`${title(dialect)} has no ${name}: ${replacement} is used`)
    return { class: replacement, ...pick(value, commonCompaction) }
  }
  if (dialect === 'cassandra' || value['unsafe_aggressive_sstable_expiration'] === undefined) return value
  notes.push('Scylla has no unsafe_aggressive_sstable_expiration in compaction: left out')
  const { unsafe_aggressive_sstable_expiration: _, ...rest } = value
  return rest
}

/** The compressor is `class` in Cassandra, `sstable_compression` in Scylla, where the empty text means none. */
function adaptCompression(value: Submap, dialect: DialectName): Submap {
  const { class: named, sstable_compression: older, enabled, ...rest } = value
  const compressor = named ?? older
  const off = enabled?.toLowerCase() === 'false' || compressor === ''
  if (dialect === 'cassandra') return off ? { enabled: 'false' } : { ...given('class', compressor), ...rest }
  if (off || compressor?.endsWith('NoopCompressor') === true) return { sstable_compression: '' }
  return { ...given('sstable_compression', compressor ?? 'LZ4Compressor'), ...rest }
}

function given(name: string, value: string | undefined): Submap {
  return value === undefined ? {} : { [name]: value }
}

function pick(value: Submap, names: readonly string[]): Submap {
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)))
}

function title(dialect: DialectName): string {
  return dialect === 'scylla' ? 'Scylla' : 'Cassandra'
}
