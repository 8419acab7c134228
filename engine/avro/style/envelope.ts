import { leafTypes, type StyleRule, type StyleSubject } from './style-rule.ts'

const first = ['eventId', 'eventType', 'eventVersion', 'timestamp', 'source', 'data', 'metadata']
const inMetadata = ['correlationId', 'causationId', 'schemaVersion']

/** Events of the platform. */
export const envelope: StyleRule = {
  code: 'MS015',
  title: 'An event without the envelope',
  severity: 'warning',
  explanation:
    'Whatever reads all events of a domain (audit, dedupe, tracing, order by session) goes by the same fields in each of them. Looked ' +
    'for in the topics `business.….events`, `analytics.….events` and `audit.….events`.',
  remedy: `Begin the record with ${first.map((name) => `\`${name}\``).join(', ')}; in \`metadata\` are at least ${inMetadata.map((name) => `\`${name}\``).join(', ')}.`,
  example: {
    wrong: { type: 'record', name: 'OrderCreated', fields: [{ name: 'orderId', type: 'string' }] },
    right: { type: 'record', name: 'OrderCreated', fields: first.map((name) => ({ name, type: 'string' })) },
  },
  *check(subject) {
    const { topic, parts } = subject
    const [root] = parts
    if (!/^(?:business|analytics|audit)\..+\.events$/.test(topic) || root?.json['type'] !== 'record') return
    const fields = root.json['fields'] as readonly { name: string; type: unknown }[]
    const names = fields.map(({ name }) => name)
    const missing = first.filter((name) => !names.includes(name))
    if (missing.length > 0) {
      yield {
        part: root,
        message: `An event of ${topic} lacks ${missing.join(', ')}: begin it with the envelope.`,
      }
      return
    }
    const lacking = inMetadata.filter((name) => !metadataFields(subject).includes(name))
    if (lacking.length > 0) yield { part: root, message: `"metadata" lacks ${lacking.join(', ')}.` }
    const at = fields.find(({ name }) => name === 'timestamp')!
    if (leafTypes(at.type).some(({ logicalType }) => logicalType !== 'timestamp-millis')) {
      yield {
        part: root,
        message: '"timestamp" of an event is a long with the logicalType timestamp-millis.',
      }
    }
  },
}

function metadataFields({ parts }: StyleSubject): string[] {
  return parts
    .filter(({ what, path }) => what === 'field' && /^metadata\.[^.]+$/.test(path))
    .map(({ json }) => String(json['name']))
}
