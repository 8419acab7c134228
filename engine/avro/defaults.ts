import { decimalToText } from './decimal.ts'
import { type AvroNode, describeNode, type FixedNode, type PrimitiveNode } from './model.ts'

/**
 * What is wrong with a field's default, in half a sentence, or undefined when it fits. As the specification says, the
 * default of a union belongs to its first branch, and bytes are a string of the code points 0 to 255.
 */
export function checkDefault(node: AvroNode, json: unknown): string | undefined {
  const wrong = `the default ${JSON.stringify(json) ?? 'undefined'} is not ${describeNode(node)}.`
  switch (node.kind) {
    case 'union': {
      const problem = checkDefault(node.branches[0]!, json)
      return problem === undefined
        ? undefined
        : `the default ${JSON.stringify(json)} does not fit the union's first branch, ${describeNode(node.branches[0]!)}.`
    }
    case 'array':
      return Array.isArray(json) ? firstProblem(json.map((item) => checkDefault(node.items, item))) : wrong
    case 'map':
      if (!isObject(json)) return wrong
      return firstProblem(Object.values(json).map((value) => checkDefault(node.values, value)))
    case 'record':
      if (!isObject(json)) return wrong
      return firstProblem(
        node.fields.map((field) => {
          if (json[field.name] !== undefined) return checkDefault(field.type, json[field.name])
          return field.hasDefault ? undefined : `the default of record ${node.name} lacks "${field.name}".`
        }),
      )
    case 'enum':
      return typeof json === 'string' && node.symbols.includes(json) ? undefined : wrong
    default:
      return fitsLeaf(node, json) ? undefined : wrong
  }
}

function fitsLeaf(node: PrimitiveNode | FixedNode, json: unknown): boolean {
  switch (node.kind) {
    case 'null':
      return json === null
    case 'boolean':
      return typeof json === 'boolean'
    case 'int':
      return typeof json === 'number' && json === (json | 0)
    case 'long':
      return Number.isSafeInteger(json)
    case 'float':
    case 'double':
      return typeof json === 'number'
    case 'string':
      return typeof json === 'string'
    case 'bytes':
      return typeof json === 'string' && isLatin1(json)
    case 'fixed':
      return typeof json === 'string' && isLatin1(json) && json.length === node.size
  }
}

function isLatin1(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 255) return false
  return true
}

function firstProblem(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined)
}

/** True for a JSON object. */
export function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/**
 * The decoded value of a leaf's default (a checked one): a string, number, boolean, null, or a Buffer for bytes and
 * fixed. Undefined for records, arrays and maps, which have no single value.
 */
export function defaultValue(node: AvroNode, json: unknown): unknown {
  if (node.kind === 'union') return defaultValue(node.branches[0]!, json)
  if (node.kind === 'record' || node.kind === 'array' || node.kind === 'map') return undefined
  if (node.kind !== 'bytes' && node.kind !== 'fixed') return json
  const bytes = Buffer.from(json as string, 'latin1')
  return node.logical?.name === 'decimal' ? decimalToText(bytes, 0, bytes.length, node.logical.scale) : bytes
}
