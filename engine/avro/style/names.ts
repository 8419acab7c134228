import type { StyleRule } from './style-rule.ts'

const pascal = /^[A-Z][A-Za-z0-9]*$/
const camel = /^[a-z][A-Za-z0-9]*$/
const upperSnake = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/
const namespaced = /^[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)*$/

/** Names of records, enums and fixed. */
export const typeNames: StyleRule = {
  code: 'MS001',
  title: 'A type whose name is not PascalCase',
  severity: 'warning',
  explanation: 'Code is generated from these names, and people tell types from fields by the first letter.',
  remedy: 'Call it `OrderCreated`. A name that is in use changes with an alias only.',
  example: {
    wrong: { type: 'record', name: 'order_created' },
    right: { type: 'record', name: 'OrderCreated' },
  },
  *check({ parts }) {
    for (const part of parts) {
      if (part.what !== 'named') continue
      const name = String(part.json['name']).split('.').at(-1)!
      if (pascal.test(name)) continue
      const message = `The ${String(part.json['type'])} "${name}" is not PascalCase: call it ${pascalOf(name)}.`
      yield { part, attribute: 'name', message }
    }
  },
}

function pascalOf(name: string): string {
  const words = name.split('_').filter((word) => word !== '')
  return words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
}

/** Names of fields. */
export const fieldNames: StyleRule = {
  code: 'MS002',
  title: 'A field whose name is not camelCase',
  severity: 'warning',
  explanation:
    'Topologies, tables and TypeScript name fields as schemas do: one spelling spares everybody the look-up.',
  remedy: 'Call it `customerId`. A field that is in use is renamed with an alias.',
  example: { wrong: { name: 'customer_id', type: 'string' }, right: { name: 'customerId', type: 'string' } },
  *check({ parts }) {
    for (const part of parts) {
      const name = String(part.json['name'])
      if (part.what !== 'field' || camel.test(name)) continue
      const better = pascalOf(name)
      const wanted = better === '' ? 'a word' : better[0]!.toLowerCase() + better.slice(1)
      yield { part, attribute: 'name', message: `The field "${name}" is not camelCase: call it ${wanted}.` }
    }
  },
}

/** Symbols of enums. */
export const symbolNames: StyleRule = {
  code: 'MS003',
  title: 'An enum symbol that is not UPPER_SNAKE_CASE',
  severity: 'warning',
  explanation:
    'Symbols are constants in every language that reads them. A symbol cannot be renamed: readers compare its text.',
  remedy: 'Write `IN_STOCK`. For one that is in use, add the new symbol and write both for a while.',
  example: {
    wrong: { type: 'enum', name: 'Stock', symbols: ['inStock'], default: 'inStock' },
    right: { type: 'enum', name: 'Stock', symbols: ['IN_STOCK'], default: 'IN_STOCK' },
  },
  *check({ parts }) {
    for (const part of parts) {
      if (part.json['type'] !== 'enum' || part.what !== 'named') continue
      const bad = (part.json['symbols'] as readonly string[]).filter((symbol) => !upperSnake.test(symbol))
      if (bad.length === 0) continue
      const message = `Symbols are UPPER_SNAKE_CASE, and ${bad.join(', ')} ${bad.length === 1 ? 'is' : 'are'} not.`
      yield { part, attribute: 'symbols', message }
    }
  },
}

/** The namespace of the whole schema. */
export const namespaces: StyleRule = {
  code: 'MS004',
  title: 'A record without a proper namespace',
  severity: 'warning',
  explanation:
    'The full name is part of the subject, and the identity of the record in every registry. Without a namespace, two teams’ ' +
    '`OrderCreated` are one; a MAJOR is a namespace of its own.',
  remedy:
    'Write lower-case words with dots between: `shop.orders`, and `shop.orders.v2` for the second MAJOR.',
  example: {
    wrong: { type: 'record', name: 'OrderCreated' },
    right: { type: 'record', name: 'OrderCreated', namespace: 'shop.orders' },
  },
  *check({ schema, parts }) {
    const [root] = parts
    if (root?.what !== 'named') return
    const { fullName } = schema
    const namespace = fullName.includes('.') ? fullName.slice(0, fullName.lastIndexOf('.')) : ''
    if (namespaced.test(namespace)) return
    const what =
      namespace === ''
        ? `"${fullName}" has no namespace`
        : `The namespace "${namespace}" is not lower-case words`
    yield { part: root, attribute: 'namespace', message: `${what}: give it one such as shop.orders.` }
  },
}
