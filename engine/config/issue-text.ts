import type { z } from 'zod'
import { schemaAt } from './schema-at.ts'
import { listed, nearest, suggestion } from './suggest.ts'
import { sectionNames, sections, type Section } from './topology-schema.ts'

type Path = readonly PropertyKey[]
type Issue = z.core.$ZodIssue

/** One thing wrong with the value of a topology. */
export interface ValueProblem {
  readonly path: Path
  /** True if the key is wrong, not its value. */
  readonly onKey: boolean
  readonly message: string
}

/** What sentences need to know of the file that is checked. */
export interface IssueContext {
  readonly schema: z.ZodType
  readonly root: unknown
  /** What the whole file is, `the topology` if not given. */
  readonly whole?: string
  /** Names of the components of each section. */
  readonly types: Readonly<Record<Section, readonly string[]>>
  /** True if the value at that path must not be printed, or what to call it instead. */
  readonly secret: (path: Path) => boolean | string
}

/** Turns an issue of zod into sentences that name the node, the field and the remedy. */
export function problemsOf(issue: Issue, context: IssueContext): ValueProblem[] {
  const { path } = issue
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      onKey: true,
      message: unknownField(key, path, context),
    }))
  }
  if (issue.code === 'invalid_key') {
    const reason = issue.issues[0]?.message ?? 'expected another name'
    return [{ path, onKey: true, message: `"${String(path.at(-1))}" cannot be a name here: ${reason}.` }]
  }
  if (issue.code === 'invalid_union') return unionProblems(issue, context)
  return [{ path, onKey: false, message: sentence(issue, context) }]
}

function sentence(issue: Issue, context: IssueContext): string {
  const { path } = issue
  const value = valueAtPath(context.root, path)
  if (value === undefined && path.length > 0 && issue.code !== 'custom') {
    return `${capital(ownerOf(path, context))} needs the field ${fieldOf(path)}${described(path, context)}`
  }
  const subject = subjectOf(path, context)
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, path, value, context)
    case 'invalid_value':
      return wrongChoice(issue.values.map(String), path, value, context)
    case 'too_small':
    case 'too_big':
      return `${subject} ${limit(issue)}${isNamed(value) ? `, not ${shown(value, path, context)}` : ''}.`
    case 'invalid_format':
      return `${subject}: ${issue.message}${isNamed(value) ? `, not ${shown(value, path, context)}` : ''}.`
    default:
      return `${subject}: ${issue.message.replace(/\.$/, '')}.`
  }
}

function wrongType(expected: string, path: Path, value: unknown, context: IssueContext): string {
  if (path.length === 0) return notATopology(value)
  const section = sectionOf(path)
  if (path.length === 1 && section !== undefined) {
    return `"${section}" must be a mapping of names to ${section}, not ${kindName(value)}.`
  }
  if (path.length === 2 && section !== undefined) {
    const type = context.types[section][0] ?? '…'
    return `The ${sections[section]} "${String(path[1])}" must be a mapping such as { type: ${type}, … }, not ${kindName(value)}.`
  }
  const form = expected === 'string' ? formOf(path, context) : undefined
  if (form !== undefined)
    return `${subjectOf(path, context)}: ${form}, not ${shownKind(value, path, context)}.`
  return `${subjectOf(path, context)} must be ${typeNames[expected] ?? expected}, not ${shownKind(value, path, context)}.`
}

/** What a value that is no topology at all gets to hear. */
export function notATopology(value: unknown): string {
  return value === null
    ? 'The file is empty: a topology needs a name, sources and sinks.'
    : `This is not a topology: a mapping with name, sources and sinks is expected, not ${kindName(value)}.`
}

function wrongChoice(values: readonly string[], path: Path, value: unknown, context: IssueContext): string {
  const found = typeof value === 'string' ? nearest(value, values) : undefined
  const choices = listed(
    values.map((one) => `"${one}"`),
    'or',
  )
  const hint = found === undefined ? '.' : `: did you mean "${found}"?`
  return `${subjectOf(path, context)} must be ${choices}, not ${shownKind(value, path, context)}${hint}`
}

function limit(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const things = issue.origin === 'string' ? 'characters' : 'entries'
  const counted = issue.origin !== 'number' && issue.origin !== 'int'
  if (issue.code === 'too_small') {
    if (counted && Number(issue.minimum) === 1) return 'must not be empty'
    const bound = issue.inclusive === false ? 'more than' : 'at least'
    return counted ? `must have ${bound} ${issue.minimum} ${things}` : `must be ${bound} ${issue.minimum}`
  }
  const bound = issue.inclusive === false ? 'less than' : 'at most'
  return counted ? `must have ${bound} ${issue.maximum} ${things}` : `must be ${bound} ${issue.maximum}`
}

function unionProblems(issue: z.core.$ZodIssueInvalidUnion, context: IssueContext): ValueProblem[] {
  const { path } = issue
  if (issue.errors.length === 0) return [{ path, onKey: false, message: unknownType(path, context) }]
  const branch = closestBranch(issue.errors)
  if (branch !== undefined) {
    return branch.flatMap((inner) => problemsOf({ ...inner, path: [...path, ...inner.path] }, context))
  }
  const value = valueAtPath(context.root, path)
  const expected = [...new Set(issue.errors.flatMap((errors) => errors.map(expectation)))]
  if (value === undefined) {
    const message = `${capital(ownerOf(path, context))} needs the field ${fieldOf(path)}${described(path, context)}`
    return [{ path, onKey: false, message }]
  }
  const must = `must be ${listed(expected, 'or')}`
  return [
    {
      path,
      onKey: false,
      message: `${subjectOf(path, context)} ${must}, not ${shownKind(value, path, context)}.`,
    },
  ]
}

// The branch whose own type was right: what it complains about lies deeper, or is not about the type.
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find(([first]) => first !== undefined && (first.path.length > 0 || !isTypeIssue(first)))
}

function isTypeIssue(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union'
}

function expectation(issue: Issue): string {
  if (issue.code === 'invalid_type') return typeNames[issue.expected] ?? issue.expected
  if (issue.code === 'invalid_value')
    return listed(
      issue.values.map((value) => `"${String(value)}"`),
      'or',
    )
  return issue.message
}

function unknownType(path: Path, context: IssueContext): string {
  const section = sectionOf(path)
  if (section === undefined || path.length !== 3) {
    return `${subjectOf(path, context)} is none of the known ones.`
  }
  const known = context.types[section]
  const who = `The ${sections[section]} "${String(path[1])}"`
  const value = valueAtPath(context.root, path)
  if (value === undefined) return `${who} needs a type: there are ${listed(known)}.`
  if (typeof value !== 'string')
    return `The type of the ${sections[section]} "${String(path[1])}" must be a word, not ${kindName(value)}.`
  const elsewhere = sectionNames.find((other) => other !== section && context.types[other].includes(value))
  if (elsewhere !== undefined)
    return `${who} has the type "${value}", which is a ${sections[elsewhere]}: move it to ${elsewhere}.`
  return `${who} has the unknown type "${value}"${suggestion(value, known)}`
}

function unknownField(key: string, path: Path, context: IssueContext): string {
  const known = Object.keys(schemaAt(context.schema, path, context.root)?.shape ?? {})
  return `${capital(ownerOf([...path, key], context))} has no field "${key}"${suggestion(key, known, 'it has')}`
}

/** `"by" of the dedupe "unique"`. */
function subjectOf(path: Path, context: IssueContext): string {
  const owner = ownerOf(path, context)
  const section = sectionOf(path)
  if (section === undefined || path.length > 2) return `${fieldOf(path)} of ${owner}`
  return path.length === 1 ? `"${section}"` : capital(nodeName(section, path[1]!, context))
}

/** Whose field the path names: a node, a part of the topology, or the topology. */
function ownerOf(path: Path, context: IssueContext): string {
  const section = sectionOf(path)
  if (section !== undefined && path.length > 2) {
    return nodeName(section, path[1]!, context)
  }
  const owner = path.slice(0, -fieldLength(path))
  return owner.length === 0 ? (context.whole ?? 'the topology') : `"${owner.map(String).join('.')}"`
}

/** `the dedupe "unique"`, `the table sink "entities"`. */
function nodeName(section: Section, name: PropertyKey, context: IssueContext): string {
  const type = valueAtPath(context.root, [section, name, 'type'])
  const known = typeof type === 'string' && context.types[section].includes(type)
  const kind = sections[section]
  // Processors are named by verbs, which say what they are; "the table" would be one of the database.
  const words = !known ? kind : kind === 'processor' ? type : `${type} ${kind}`
  return `the ${words} "${String(name)}"`
}

/** The field's name within its owner: `"by"`, `"columns.user"`, `"from[1]"`. */
function fieldOf(path: Path): string {
  const names =
    sectionOf(path) === undefined || path.length < 3 ? path.slice(-fieldLength(path)) : path.slice(2)
  let text = ''
  for (const name of names) {
    const part = /^\d+$/.test(String(name)) ? `[${String(name)}]` : `.${String(name)}`
    text += text === '' ? String(name) : part
  }
  return `"${text}"`
}

/** How many names at the end of a path make the field: an entry of a list goes with its list. */
function fieldLength(path: Path): number {
  const field = path.findLastIndex((name) => !/^\d+$/.test(String(name)))
  return field < 0 ? 1 : path.length - field
}

function described(path: Path, context: IssueContext): string {
  const description = fieldSchema(path, context)?.meta()?.description
  if (description === undefined) return '.'
  const first = /^(.+?)\.(?:\s|$)/s.exec(description)?.[1] ?? description
  return ` (${first.charAt(0).toLowerCase()}${first.slice(1)}).`
}

function fieldSchema(path: Path, context: IssueContext): z.ZodType | undefined {
  const shape: Readonly<Record<string, z.core.$ZodType>> =
    schemaAt(context.schema, path.slice(0, -1), context.root)?.shape ?? {}
  return shape[String(path.at(-1))] as z.ZodType | undefined
}

/** What a text of a known form, such as a duration, must look like: what its schema says of a text that is wrong. */
function formOf(path: Path, context: IssueContext): string | undefined {
  const issue = fieldSchema(path, context)?.safeParse('\0').error?.issues[0]
  return issue?.code === 'invalid_format' && issue.message.startsWith('expected') ? issue.message : undefined
}

function sectionOf(path: Path): Section | undefined {
  return sectionNames.find((section) => section === path[0])
}

/** The value at a path of own keys. */
export function valueAtPath(root: unknown, path: Path): unknown {
  let at = root
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Readonly<Record<PropertyKey, unknown>>)[name]
  }
  return at
}

function shown(value: unknown, path: Path, context: IssueContext): string {
  const hidden = hiddenAs(path, context)
  if (hidden !== undefined) return hidden
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text
}

function shownKind(value: unknown, path: Path, context: IssueContext): string {
  if (typeof value === 'string') return shown(value, path, context)
  return typeof value === 'number' ? (hiddenAs(path, context) ?? kindName(value)) : kindName(value)
}

function hiddenAs(path: Path, { secret }: IssueContext): string | undefined {
  const hidden = secret(path)
  return hidden === true ? 'what its variable holds' : hidden === false ? undefined : hidden
}

function isNamed(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number'
}

function kindName(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'number') return `the number ${value}`
  return typeof value === 'boolean' ? `${value}` : 'a text'
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'null',
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
