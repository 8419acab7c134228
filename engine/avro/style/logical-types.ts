import { logicalOf } from '../logical.ts'
import type { PrimitiveKind } from '../model.ts'
import type { StyleRule } from './style-rule.ts'

/** Logical types that readers ignore. */
export const logicalTypes: StyleRule = {
  code: 'MS014',
  title: 'A logical type that does not fit',
  severity: 'warning',
  explanation:
    'Avro ignores a logical type that it does not know, or that is on the wrong type: the value is read as the bare type.',
  remedy:
    'Correct the name, or the type below it: `timestamp-millis` is on `long`, `decimal` on `bytes` with a `precision`.',
  example: {
    wrong: { name: 'seen', type: { type: 'int', logicalType: 'timestamp-millis' } },
    right: { name: 'seen', type: { type: 'long', logicalType: 'timestamp-millis' } },
  },
  *check({ parts }) {
    for (const part of parts) {
      const { json, what } = part
      const name = json['logicalType']
      if (name === undefined) continue
      // It belongs into the type, not beside it.
      if (what === 'field') {
        const message = `"logicalType" stands at the field "${String(json['name'])}": write it inside of the type.`
        yield { part, attribute: 'logicalType', message }
        continue
      }
      const size = typeof json['size'] === 'number' ? json['size'] : undefined
      if (logicalOf(json['type'] as PrimitiveKind, size, json) !== undefined) continue
      const message = `The logicalType ${JSON.stringify(name)} is ignored on ${String(json['type'])}: correct one of them.`
      yield { part, attribute: 'logicalType', message }
    }
  },
}
