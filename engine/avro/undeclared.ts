import type { AvroNode, RecordNode } from './model.ts'

/** Whether a value may have fields that its schema lacks. `false` is certain; for `true` somebody has to look closely. */
export type UndeclaredCheck = (value: unknown) => boolean

/**
 * Compiles a quick look for fields that a schema does not have: where there is none, which is nearly always, no value needs
 * to be walked a second time for its types.
 */
export function undeclaredCheck(root: AvroNode): UndeclaredCheck {
  return checkOf(root, new Map()) ?? (() => false)
}

type Known = Map<AvroNode, { check: UndeclaredCheck }>

/** Undefined for what has no fields inside. */
function checkOf(node: AvroNode, known: Known): UndeclaredCheck | undefined {
  switch (node.kind) {
    case 'record':
      return recordCheck(node, known)
    case 'array': {
      const item = checkOf(node.items, known)
      return item && ((value) => Array.isArray(value) && value.some(item))
    }
    case 'map': {
      const inner = checkOf(node.values, known)
      return inner && ((value) => isObject(value) && Object.values(value).some(inner))
    }
    case 'union':
      return unionCheck(node.branches, known)
    default:
      return undefined
  }
}

function recordCheck(node: RecordNode, known: Known): UndeclaredCheck {
  const before = known.get(node)
  // A record that contains itself is looked up when it is met again.
  if (before !== undefined) return (value) => before.check(value)
  const own = { check: (_value: unknown): boolean => true }
  known.set(node, own)
  const names = new Set(node.fields.map(({ name }) => name))
  const inside = node.fields.flatMap(({ name, type }) => {
    const check = checkOf(type, known)
    return check === undefined ? [] : [{ name, check }]
  })
  own.check = (value) => {
    if (!isObject(value)) return true
    for (const name in value) if (!names.has(name)) return true
    for (const { name, check } of inside) if (check(value[name])) return true
    return false
  }
  return own.check
}

/** Null or one type is plain; of several, the value does not say at once which it is. */
function unionCheck(branches: readonly AvroNode[], known: Known): UndeclaredCheck | undefined {
  const others = branches.filter(({ kind }) => kind !== 'null')
  const checks = others.map((branch) => checkOf(branch, known))
  const [only] = checks
  if (checks.every((check) => check === undefined)) return undefined
  if (checks.length > 1 || only === undefined) return (value) => isObject(value)
  return (value) => value !== null && value !== undefined && only(value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
