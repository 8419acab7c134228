import { deprecationOf } from '../compatibility/deprecation.ts'
import { fieldsOf, type StyleRule } from './style-rule.ts'

/** The marks of fields that are to go. */
export const deprecations: StyleRule = {
  code: 'MS013',
  title: 'A deprecation that cannot be kept',
  severity: 'error',
  explanation:
    'A deprecated field says since when, and until when readers may count on it; `schemas check` refuses to remove it before. A field ' +
    'without a default cannot be removed compatibly at all.',
  remedy:
    'Write `"deprecated": {"since": "2026-10-01", "removeAfter": "2027-04-01"}`, and give the field a default.',
  example: {
    wrong: { name: 'fax', type: 'string', pii: true, default: '', deprecated: true },
    right: {
      ...{ name: 'fax', type: 'string', pii: true, default: '' },
      deprecated: { since: '2026-10-01', removeAfter: '2027-04-01' },
    },
  },
  *check(subject) {
    for (const { part, name } of fieldsOf(subject)) {
      const found = deprecationOf(part.json)
      if (found === undefined) continue
      if (typeof found === 'string') yield { part, attribute: 'deprecated', message: `"${name}": ${found}.` }
      else if (!('default' in part.json)) {
        const message = `"${name}" is deprecated and has no default: readers that know it fail once it is gone.`
        yield { part, message, severity: 'warning' }
      }
    }
  },
}
