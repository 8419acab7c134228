import type { FieldTree } from '../facts.ts'
import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { textsSetting } from '../plan-graph.ts'
import type { SinkNode } from '../plan-types.ts'
import { recordsOf } from '../record-types.ts'
import { untypedBefore } from '../untyped.ts'

/** ML048 */
export const otherTypeWritten: LintRule = {
  code: 'ML048',
  title: 'Records that do not fit the schema of their topic',
  severity: 'error',
  explanation:
    'A `topic` sink writes with a schema, and gets records of a type that does not fit it: a field is missing that has no ' +
    'default, or there is one that the schema does not have; or it writes each type with its own schema, and gets one that its ' +
    'list does not name, or what has no type: the result of an aggregate, a gap in a sequence, JSON. Each of them would be refused, and parked.',
  remedy:
    'Put a `filter` or `branch` with the type before the sink, an `upcast` or `downcast` for another MAJOR, a `map` that ' +
    'makes the value; or leave the `schema` out, where records are to stay as they came.',
  example: {
    topology: `name: orders
sources: { events: { type: topic, topic: orders, schema: [shop.OrderCreated, shop.OrderCancelled] } }
sinks: { created: { type: topic, from: events, topic: created, schema: shop.OrderCreated } } # lint-allow ML011 the readers know ids`,
    facts: {
      schemas: {
        'shop.OrderCreated': { orderId: 'string', total: 'long' },
        'shop.OrderCancelled': { orderId: 'string', reason: 'string' },
      },
    },
  },
  *check(subject: LintSubject): Iterable<RuleFinding> {
    for (const sink of subject.graph.sinks) {
      const schemas = textsSetting(sink, 'schema')
      const got = schemas.length === 0 ? undefined : gets(sink, schemas, subject)
      if (got === undefined) continue
      const message = `"${sink.name}" writes ${schemas.join(', ')}, and gets ${got}.`
      yield { node: sink.name, field: 'schema', message }
    }
  },
}

/** What a sink gets that it cannot write, and why; undefined where nothing is known against it. */
function gets(
  sink: SinkNode,
  schemas: readonly string[],
  { plan, shapes, facts }: LintSubject,
): string | undefined {
  const byType = Array.isArray(sink.config.schema)
  const untyped = byType ? untypedBefore(plan, sink) : undefined
  if (untyped !== undefined) return `what "${untyped}" sends: that has no type`
  const shape = shapes.input(sink)
  for (const [name, tree] of (byType ? shape && recordsOf(shape) : shape?.records) ?? []) {
    const schema = byType ? name : schemas[0]!
    const wanted = facts.schemaFields(schema)
    const misfit = schemas.includes(schema) ? wanted && misfitOf(tree, wanted, '') : 'that is none of them'
    if (misfit !== undefined) return `${name}: ${misfit}`
  }
  return undefined
}

/** Why values of a shape do not fit another, as far as fields tell; undefined where nothing is known against it. */
function misfitOf(given: FieldTree, wanted: FieldTree, at: string): string | undefined {
  if (given.fields === undefined || wanted.fields === undefined || given.open === true) return undefined
  for (const [name, field] of wanted.fields) {
    const path = `${at}${name}`
    const own = given.fields.get(name)
    if (own === undefined && field.defaulted !== true)
      return `it has no "${path}", for which there is no default`
    const inner = own && misfitOf(own, field, `${path}.`)
    if (inner !== undefined) return inner
  }
  const further = [...given.fields.keys()].find((name) => wanted.fields?.has(name) !== true)
  return further === undefined ? undefined : `it has "${at}${further}", which the schema does not have`
}
