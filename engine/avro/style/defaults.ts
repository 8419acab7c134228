import { schemaParts } from '../schema-walk.ts'
import { fieldsOf, type StyleRule } from './style-rule.ts'

/** Optional fields. */
export const optionalDefaults: StyleRule = {
  code: 'MS006',
  title: 'An optional field without the default null',
  severity: 'warning',
  explanation:
    'A field that may be null but has no default must still be there for every reader: it can neither be added nor removed ' +
    'compatibly. The default of a union belongs to its first branch, so null comes first.',
  remedy: 'Write `"type": ["null", …], "default": null`.',
  example: {
    wrong: { name: 'note', type: ['null', 'string'] },
    right: { name: 'note', type: ['null', 'string'], default: null },
  },
  *check(subject) {
    for (const { part, name } of fieldsOf(subject)) {
      const type = part.json['type']
      if (!Array.isArray(type) || !type.includes('null') || 'default' in part.json) continue
      const order = type[0] === 'null' ? '' : ' and "null" as the first branch'
      yield { part, message: `"${name}" may be null, and has no default: give it "default": null${order}.` }
    }
  },
}

/** Fields that the version before did not have. */
export const addedDefaults: StyleRule = {
  code: 'MS007',
  title: 'A new field without a default',
  severity: 'error',
  explanation:
    'Records of earlier versions lack the field: without a default, nothing can read them with the new schema.',
  remedy: 'Give it a default; where none makes sense, make it optional, or the change a MAJOR.',
  example: {
    wrong: { name: 'channel', type: 'string' },
    right: { name: 'channel', type: 'string', default: 'web' },
  },
  *check(subject) {
    if (subject.before === undefined) return
    const before = schemaParts(subject.before.json).filter(({ what }) => what === 'field')
    const known = new Set(before.map(({ path }) => path))
    for (const { part, name } of fieldsOf(subject)) {
      const aliases = (part.json['aliases'] ?? []) as readonly string[]
      const stem = part.path.slice(0, part.path.length - name.length)
      const isKnown = [name, ...aliases].some((one) => known.has(stem + one))
      // Inside of a field that is new, its own default says all.
      const parent = part.within.findLast(({ what }) => what === 'field')
      if (isKnown || 'default' in part.json || (parent !== undefined && !known.has(parent.path))) continue
      yield {
        part,
        message: `"${name}" is new and has no default: records of the version before cannot be read.`,
      }
    }
  },
}

/** Enums. */
export const enumDefaults: StyleRule = {
  code: 'MS012',
  title: 'An enum without a default',
  severity: 'warning',
  explanation:
    'A symbol that is added later breaks every reader that does not know it yet, unless its enum has a default.',
  remedy: 'Add a symbol such as `UNKNOWN`, and `"default": "UNKNOWN"`.',
  example: {
    wrong: { type: 'enum', name: 'Channel', symbols: ['WEB', 'STORE'] },
    right: { type: 'enum', name: 'Channel', symbols: ['UNKNOWN', 'WEB', 'STORE'], default: 'UNKNOWN' },
  },
  *check({ parts }) {
    for (const part of parts) {
      const { what, json } = part
      if (what !== 'named' || json['type'] !== 'enum' || json['default'] !== undefined) continue
      const message = `The enum "${String(json['name'])}" has no default: readers fail on symbols that are added later.`
      yield { part, message }
    }
  },
}
