import { z } from 'zod'

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const bytes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, kB: 1e3, MB: 1e6, GB: 1e9 } as const

/** A length of time in a topology, such as `200ms`, `30s`, `5m`, `12h`, `7d`. Milliseconds once read. */
export const Duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'expected a duration such as 200ms, 30s, 5m, 12h or 7d')
  .transform((text) => parseUnits(text, milliseconds))
  .meta({ examples: ['30s'] })

/** A time in a topology, such as `2026-11-01T00:00:00Z`. Milliseconds since 1970 once read. */
export const Instant = z.iso
  .datetime({ offset: true, error: 'expected a time such as 2026-11-01T00:00:00Z' })
  .transform((text) => Date.parse(text))
  .meta({ examples: ['2026-11-01T00:00:00Z'] })

/** A number of bytes, such as `64KiB`, `16MiB`. */
export const ByteSize = z
  .string()
  .regex(/^\d+(\.\d+)?(B|KiB|MiB|GiB|kB|MB|GB)$/, 'expected a size such as 64KiB or 16MiB')
  .transform((text) => parseUnits(text, bytes))
  .meta({ examples: ['16MiB'] })

/** A field of the value, by its dotted path. */
export const FieldPath = z
  .string()
  .regex(
    /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/,
    'expected a field such as userId, or a path such as metadata.correlationId',
  )
  .meta({ examples: ['eventId'] })

/** The full name of a record schema, such as `audit.AuditEvent`. */
export const SchemaName = z
  .string()
  .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 'expected the full name of a record, such as audit.AuditEvent')
  .meta({ examples: ['audit.AuditEvent'] })

/** A topic's name, as Kafka allows it. */
export const TopicName = z
  .string()
  .regex(
    /^[A-Za-z0-9._-]{1,249}$/,
    'expected a topic name: letters, digits, ".", "_" and "-", at most 249 of them',
  )
  .meta({ examples: ['audit-events'] })

/** A table's name, as the migrations give it. */
export const TableName = z
  .string()
  .regex(
    /^[a-z][a-z0-9_]{0,47}$/,
    'expected a table name: lower-case letters, digits and "_", at most 48 of them',
  )
  .meta({ examples: ['audit_by_user'] })

/** A function of a user's file: its default export, or `file.ts#name`. Paths start from the folder of the topology. */
export const FunctionFile = z
  .string()
  .regex(
    /^\.{0,2}\/[^#]+\.m?[jt]s(#[A-Za-z_$][\w$]*)?$/,
    'expected the path of a file, such as ../functions/score.ts or ../functions/all.ts#score',
  )
  .meta({ examples: ['../functions/score.ts'] })

/** A reference to a secret in the environment, which stands nowhere in the topology. */
export const SecretName = z
  .string()
  .regex(/^env:[A-Za-z_]\w*$/, 'expected the name of a variable, such as env:REDACT_KEY')
  .meta({ examples: ['env:REDACT_KEY'] })

/** A plain value to compare with. */
export const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

function parseUnits(text: string, units: Readonly<Record<string, number>>): number {
  const match = /^([\d.]+)([A-Za-z]+)$/.exec(text)
  return Math.round(Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN))
}
