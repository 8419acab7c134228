import { fieldsOf, type LeafType, type StyleRule } from './style-rule.ts'

const instants = ['timestamp-millis', 'timestamp-micros', 'timestamp-nanos']
const others = ['date', 'time-millis', 'time-micros', 'local-timestamp-millis', 'local-timestamp-micros']

/** Fields that sound of time. */
export const time: StyleRule = {
  code: 'MS009',
  title: 'A time without its unit',
  severity: 'warning',
  explanation:
    'A bare number of time is read as seconds by one program and as milliseconds by another, and nobody notices before 1970 or the ' +
    'year 50000 turns up. Text has a zone, or has it not.',
  remedy:
    'Write `{"type": "long", "logicalType": "timestamp-millis"}` (or `timestamp-micros`), and `{"type": "int", "logicalType": ' +
    '"date"}` for a day without a time.',
  example: {
    wrong: { name: 'createdAt', type: 'long' },
    right: { name: 'createdAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
  },
  *check(subject) {
    for (const { part, name, leaves } of fieldsOf(subject)) {
      if (!/(?:^timestamp|[a-z]At|Time|Timestamp|[dD]ate)$/.test(name)) continue
      if (!leaves.some((leaf) => isBare(leaf))) continue
      const message = `"${name}" is a time without its unit: give it the logicalType timestamp-millis, or date.`
      yield { part, attribute: 'type', message }
    }
  },
}

function isBare({ type, logicalType }: LeafType): boolean {
  if (!['int', 'long', 'string', 'double', 'float'].includes(type)) return false
  return logicalType === undefined || ![...instants, ...others].includes(logicalType)
}
