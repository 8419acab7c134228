import { type AvroNode, isNamed } from './model.ts'

/** What kinds of JavaScript values a branch takes. */
type ValueKind = 'null' | 'boolean' | 'number' | 'string' | 'bytes' | 'array' | 'object'

/**
 * True where the JavaScript value tells the branch: the union's values are then bare. Where two branches have a kind of
 * value in common, each value but null is `{ 'branch.Name': value }`.
 */
export function isBare(branches: readonly AvroNode[]): boolean {
  const taken = branches.flatMap(kindsOf)
  return new Set(taken).size === taken.length
}

/** What a branch is called in a value that is not bare: its full name, or its kind. */
export function branchName(node: AvroNode): string {
  return isNamed(node) ? node.name : node.kind
}

/** The kinds of values that a branch takes. */
export function kindsOf(node: AvroNode): readonly ValueKind[] {
  switch (node.kind) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return ['number']
    case 'enum':
    case 'string':
      return ['string']
    case 'bytes':
    case 'fixed':
      return node.logical?.name === 'decimal' ? ['string', 'number'] : ['bytes']
    case 'map':
    case 'record':
      return ['object']
    case 'union':
      throw new TypeError('a union is no branch of a union')
    default:
      return [node.kind]
  }
}
