import { fieldsAround, fieldsOf, type LeafType, type StyleRule, wordsOf } from './style-rule.ts'

const words = new Set([
  'amount',
  'price',
  'total',
  'subtotal',
  'cost',
  'fee',
  'revenue',
  'balance',
  'discount',
  'refund',
  'tax',
])
const minor = new Set(['minor', 'cents', 'pence', 'micros'])
// What is counted or measured, though it sounds of money: totalItems, discountRate.
const other = new Set([
  'count',
  'items',
  'quantity',
  'rate',
  'percent',
  'ratio',
  'id',
  'code',
  'type',
  'currency',
  'at',
  'units',
])

/** Fields that sound of money. */
export const money: StyleRule = {
  code: 'MS008',
  title: 'Money that is no exact number',
  severity: 'warning',
  explanation:
    'Floating point has no 0.10: sums drift, and two systems disagree by a cent; that is an error. A bare whole number or text does not ' +
    'say its unit, and an amount without a currency is none.',
  remedy:
    'Either `{"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}`, or a `long` of minor units that says ' +
    'so in its name (`totalMinor`, `totalCents`) with a field `currency` beside it or around it. Decimals are for ' +
    'people and SQL, minor units for speed; one project uses one of them.',
  example: {
    wrong: { name: 'total', type: 'double' },
    right: { name: 'total', type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 2 } },
  },
  *check(subject) {
    for (const { part, name, leaves } of fieldsOf(subject)) {
      const parts = wordsOf(name)
      if (!parts.some((word) => words.has(word)) || parts.some((word) => other.has(word))) continue
      const isMinor = parts.some((word) => minor.has(word))
      const found = leaves.map((leaf) => complaint(leaf, isMinor)).find((one) => one !== undefined)
      if (found !== undefined) {
        yield { part, attribute: 'type', message: `"${name}" ${found.text}`, severity: found.severity }
      } else if (isMinor && leaves.length > 0 && !fieldsAround(part).some((one) => /currency$/i.test(one))) {
        yield { part, message: `"${name}" is money without a currency: put a field "currency" beside it.` }
      }
    }
  },
}

function complaint({ type, logicalType }: LeafType, isMinor: boolean) {
  if (type === 'float' || type === 'double') {
    return {
      severity: 'error' as const,
      text: `is money in floating point: use a decimal, or a long of minor units.`,
    }
  }
  if ((type === 'int' || type === 'long') && !isMinor) {
    const text = 'is money without a unit: call it …Minor for minor units, or use a decimal.'
    return { severity: 'warning' as const, text }
  }
  if (type === 'string' || (type === 'bytes' && logicalType !== 'decimal')) {
    return { severity: 'warning' as const, text: 'is money as text or bytes: use a decimal.' }
  }
  return undefined
}
