import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { configOf, readTopologyText } from '../../../engine/config/load.ts'
import { MillraceError } from '../../../engine/errors.ts'
import { describeMermaid, describeText } from '../../../engine/topology/describe.ts'
import { describeSvg } from '../../../engine/topology/describe-svg.ts'
import { explainText } from '../../../engine/topology/explain.ts'
import { noFacts } from '../../../engine/topology/facts.ts'
import { lintPlan } from '../../../engine/topology/lint.ts'
import { planReading } from '../../../engine/topology/plan.ts'
import { partsOf, shipped } from './kit.ts'

const valid = `name: orders
description: Orders, once each.
sources:
  web: { type: topic, topic: web, format: json, timestamp: at }
  shop: &shop { type: topic, topic: shop, format: json }
processors:
  unique: { type: dedupe, from: [web, shop], by: orderId, window: 7d }
  known: { type: enrich, from: unique, table: users, key: userId, as: user, otherwise: pass }
  kinds: { type: branch, from: known, field: kind, to: { carts: cart, paid: [order, return] }, default: rest }
  slim: { type: map, from: kinds.paid, rename: { id: orderId }, set: { a.b: 1 }, json: [a], drop: [x] }
  good: { type: filter, from: slim, field: a, oneOf: [1, two, null] }
  valid: { type: validate, from: good, fields: { id: { type: string } }, otherwise: side }
  slowly: { type: throttle, from: valid, rate: 10 }
sinks:
  rows: { type: table, from: [slowly, kinds.carts], table: orders, hash: { of: [id, user.name] } }
  copy: { type: topic, from: [kinds.rest, valid.invalid], topic: copies }
  odd: { type: console, from: unique.conflicts } # lint-allow ML011 looked at
errors: { attempts: 3, then: park, backoff: { first: 1s, longest: 1m }, flood: { share: 0.1, of: 100 } }
budget: { partition: 1MiB, total: 8MiB }
commit: { every: 100ms }
`

const lines = valid.split('\n')
const words = [...new Set(valid.match(/[\w.-]+|[^\s\w]/g))]
const odd = [
  '${X}',
  '$${',
  '*shop',
  '&shop',
  '<<',
  '__proto__',
  'constructor',
  '!!set',
  '? ',
  '---\n',
  '\t',
  '\0',
  '"',
  "'",
  '|',
  '~',
  '1e999',
  '😀',
  '\ud800',
]
const piece = fc.oneof(fc.constantFrom(...words), fc.constantFrom(...odd), fc.string({ maxLength: 5 }))

/** One change to a text: lines removed, doubled or moved, words replaced, signs inserted or cut out. */
const mutation = fc.oneof(
  fc.nat(lines.length).map((at) => (text: string) => without(text, '\n', at)),
  fc.tuple(fc.nat(lines.length), fc.nat(lines.length)).map(
    ([from, to]) =>
      (text: string) =>
        moved(text, from, to),
  ),
  fc.tuple(fc.nat(400), piece).map(
    ([at, word]) =>
      (text: string) =>
        replacedWord(text, at, word),
  ),
  fc.tuple(fc.nat(2000), piece).map(
    ([at, sign]) =>
      (text: string) =>
        text.slice(0, at) + sign + text.slice(at),
  ),
  fc.tuple(fc.nat(2000), fc.nat(40)).map(
    ([at, count]) =>
      (text: string) =>
        text.slice(0, at) + text.slice(at + count),
  ),
)

function without(text: string, separator: string, at: number): string {
  return text.split(separator).toSpliced(at, 1).join(separator)
}

function moved(text: string, from: number, to: number): string {
  const all = text.split('\n')
  return all.toSpliced(to, 0, all[from] ?? '').join('\n')
}

function replacedWord(text: string, at: number, word: string): string {
  let index = 0
  return text.replace(/[\w.-]+/g, (found) => (index++ === at ? word : found))
}

function planAndUse(text: string): void {
  const reading = readTopologyText('t.yaml', text, shipped, { X: 'x' })
  const plan = planReading(reading)
  for (const { file, message } of lintPlan(plan, noFacts, configOf(reading).allowances)) {
    expect(file).toBe('t.yaml')
    expect(message).toMatch(/\.$/)
  }
  const svg = describeSvg(plan, partsOf(plan))
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  expect(
    [describeText(plan, partsOf(plan)), describeMermaid(plan, partsOf(plan)), explainText(plan)].join(),
  ).not.toMatch(/NaN|undefined|\[object/)
}

test('the text that is changed is valid', () => {
  expect(() => planAndUse(valid)).not.toThrow()
})

test('whatever is written, the answer is a plan or an error with places', () => {
  let plans = 0
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
      const text = mutations.reduce((changed, mutate) => mutate(changed), valid)
      try {
        planAndUse(text)
        plans++
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error
        for (const line of error.message.split('\n')) expect(line).toMatch(/^t\.yaml:\d+:\d+: .*[.?]$/)
      }
    }),
    { numRuns: 500 },
  )
  // Otherwise the mutations would break everything, and what follows a plan would hardly be tried.
  expect(plans).toBeGreaterThan(15)
})

test('any text at all is answered by an error with places', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(piece, { maxLength: 30 }).map((all) => all.join(' ')),
      ),
      (text) => {
        expect(() => planAndUse(text)).toThrow(MillraceError)
      },
    ),
    { numRuns: 500 },
  )
})
