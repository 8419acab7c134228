import { type AvroField, type AvroNode, describeNode, type EnumNode } from '../model.ts'

/**
 * What differs between two versions although readers of either read the other without a word: defaults, logical types, symbols
 * of an enum. Each as half a sentence with its path; none where only order, words or aliases differ.
 */
export function quietChanges(before: AvroNode, after: AvroNode): string[] {
  const found: string[] = []
  compare(before, after, '', found, new Set())
  return found
}

function compare(
  before: AvroNode,
  after: AvroNode,
  path: string,
  found: string[],
  seen: Set<AvroNode>,
): void {
  const tell = (what: string): void => void found.push(`${path === '' ? 'the value' : `"${path}"`} ${what}`)
  if (before.kind !== after.kind) return
  const [was, is] = [shown(before), shown(after)]
  if (was !== is && !hasParts(after)) return tell(`is ${is}, was ${was}`)
  switch (after.kind) {
    case 'record':
      if (seen.has(after)) return
      seen.add(after)
      for (const field of after.fields) {
        const at = path === '' ? field.name : `${path}.${field.name}`
        const old = (before as typeof after).fields.find(({ name }) => name === field.name)
        if (old === undefined) continue
        const [had, has] = [defaultOf(old), defaultOf(field)]
        if (had !== has) found.push(`"${at}" has ${has}, had ${had}`)
        compare(old.type, field.type, at, found, seen)
      }
      return
    case 'enum':
      return symbolChanges(before as EnumNode, after).forEach(tell)
    case 'array':
      return compare((before as typeof after).items, after.items, `${path}[]`, found, seen)
    case 'map':
      return compare((before as typeof after).values, after.values, `${path}{}`, found, seen)
    case 'union':
      for (const branch of after.branches) {
        const old = (before as typeof after).branches.find((one) => sameBranch(one, branch))
        if (old !== undefined) compare(old, branch, path, found, seen)
      }
      return
    default:
  }
}

function symbolChanges(before: EnumNode, after: EnumNode): string[] {
  const more = after.symbols.filter((symbol) => !before.symbols.includes(symbol))
  const instead = before.default === undefined ? '' : `, which readers before it take for ${before.default}`
  if (more.length > 0) return [`may also be ${more.join(', ')}${instead}`]
  if (before.default !== after.default)
    return [`is ${after.default ?? 'refused'} for symbols that are not known`]
  return String(before.symbols) === String(after.symbols) ? [] : ['lists its symbols in another order']
}

/** What is told of a type by what is inside it. */
function hasParts({ kind }: AvroNode): boolean {
  return kind === 'record' || kind === 'enum' || kind === 'array' || kind === 'map' || kind === 'union'
}

function shown(node: AvroNode): string {
  const { name } = ('logical' in node ? node.logical : undefined) ?? { name: 'decimal' }
  // A decimal describes itself.
  return describeNode(node) + (name === 'decimal' ? '' : ` (${name})`)
}

function defaultOf({ hasDefault, default: value }: AvroField): string {
  return hasDefault ? `the default ${JSON.stringify(value)}` : 'no default'
}

function sameBranch(one: AvroNode, other: AvroNode): boolean {
  if (one.kind !== other.kind) return false
  return !('name' in one) || one.name === (other as typeof one).name
}
