import { quoted } from './lint-rule.ts'
import type { SourceNode } from './plan-types.ts'
import type { Statement } from './statement.ts'

/** What becomes of records whose type a source of several types does not list. */
export function otherTypes({ name, config }: SourceNode): Statement[] {
  const { schema, others } = config as { schema?: string | readonly string[]; others?: string }
  if (others === undefined && (schema === undefined || typeof schema === 'string')) return []
  const listed = quoted([schema ?? []].flat())
  if (others === 'skip')
    return [
      {
        holds: false,
        about: name,
        says: 'A record of another type than those listed comes into the topology: it is dropped where it comes in, and its key goes on.',
        because: `The setting others is skip, and ${listed} are listed. millrace_records_dropped_total counts such records of this node with the reason "type".`,
      },
    ]
  return [
    {
      holds: true,
      about: name,
      says: 'A record of another type than those listed is a permanent error (RECORD_TYPE_UNEXPECTED), and no part of it is processed.',
      because: `Only ${listed} are listed, and others: skip is not set.`,
    },
  ]
}
