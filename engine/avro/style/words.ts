import type { StyleRule } from './style-rule.ts'

/** Documentation of records, enums and fields. */
export const documentation: StyleRule = {
  code: 'MS005',
  title: 'Something without documentation',
  severity: 'info',
  explanation:
    'A schema outlives its authors, and is read by people who cannot ask them. A record and an enum without `doc` are a warning, a ' +
    'field whose name may say enough is information.',
  remedy: 'Say what it is: the unit, who sets it, what its absence means.',
  example: {
    wrong: { name: 'weight', type: 'int' },
    right: { name: 'weight', type: 'int', doc: 'Of the parcel, with its wrapping; grams.' },
  },
  *check({ parts }) {
    for (const part of parts) {
      const { what, json } = part
      const isType = what === 'named' && (json['type'] === 'record' || json['type'] === 'enum')
      if (what !== 'field' && !isType) continue
      if (typeof json['doc'] === 'string' && json['doc'].trim() !== '') continue
      const name = String(json['name'])
      if (isType) {
        const message = `The ${String(json['type'])} "${name}" has no "doc": say what it is.`
        yield { part, message, severity: 'warning' }
      } else yield { part, message: `The field "${name}" has no "doc": say what it is.` }
    }
  },
}
