import { table } from './markdown.ts'

/** As much of JSON Schema as zod writes for settings. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly description?: string
  readonly $ref?: string
}

/** What texts of a known form are called: the beginning of what engine/component/fields.ts demands. */
const forms: readonly (readonly [RegExp, string])[] = [
  [/\(ms\|s\|m\|h\|d\)/, 'duration'],
  [/KiB\|MiB/, 'size'],
  [/^\^\[A-Za-z_\]\\w\*\(\\\.\[A-Za-z_\]/, 'field'],
  [/\{1,249\}/, 'topic'],
  [/^\^\[a-z\]\[a-z0-9_\]\{0,47\}/, 'column or table'],
]

/** The fields of settings as a table; those of nested objects follow theirs, with dotted names. */
export function fieldTable(schema: JsonSchema): string {
  const rows = fieldRows(schema, '')
  return rows.length === 0 ? 'None.' : table(['field', 'type', 'default', 'description'], rows)
}

function fieldRows(schema: JsonSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const required = schema.required?.includes(name) === true
    const path = `${prefix}${name}`
    return [
      [`\`${path}\``, typeText(field), defaultText(field, required), descriptionText(field)],
      ...innerRows(field, path),
    ]
  })
}

function innerRows(field: JsonSchema, path: string): string[][] {
  if (field.properties !== undefined) return fieldRows(field, `${path}.`)
  if (field.items?.properties !== undefined) return fieldRows(field.items, `${path}[].`)
  if (typeof field.additionalProperties === 'object')
    return innerRows(field.additionalProperties, `${path}.*`)
  return (field.anyOf ?? field.oneOf ?? []).flatMap((branch) => innerRows(branch, path))
}

function typeText(field: JsonSchema): string {
  if (field.const !== undefined) return `\`${plainText(field.const)}\``
  if (field.enum !== undefined) return field.enum.map((value) => `\`${plainText(value)}\``).join(' or ')
  const branches = field.anyOf ?? field.oneOf
  if (branches !== undefined) return [...new Set(branches.map(typeText))].join(' or ')
  if (field.$ref !== undefined || field.type === undefined) return 'any'
  const types = [field.type].flat()
  return types.map((type) => (types.length > 1 ? plainType(type) : wholeType(field, type))).join(' or ')
}

function wholeType(field: JsonSchema, type: string): string {
  if (type === 'array') return field.items === undefined ? 'list' : `list of ${typeText(field.items)}`
  if (type === 'object') return mappingText(field)
  if (type === 'string') return forms.find(([form]) => form.test(field.pattern ?? ''))?.[1] ?? 'text'
  return `${plainType(type)}${rangeText(field)}`
}

function mappingText({ additionalProperties }: JsonSchema): string {
  if (typeof additionalProperties !== 'object') return 'mapping'
  return `mapping of names to ${typeText(additionalProperties)}`
}

function plainType(type: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'whole number',
    boolean: 'true or false',
  }
  return names[type] ?? type
}

function rangeText({ minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const least = minimum ?? exclusiveMinimum
  // zod writes the limits of safe integers where there are none.
  const parts = [
    least === undefined || least <= Number.MIN_SAFE_INTEGER
      ? ''
      : `${minimum === undefined ? 'above' : 'from'} ${least}`,
    maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? '' : `to ${maximum}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? '' : ` ${parts.join(' ')}`
}

function defaultText(field: JsonSchema, required: boolean): string {
  if (required) return '**required**'
  if (field.default === undefined || field.default === '') return ''
  return typeof field.default === 'object' &&
    field.default !== null &&
    Object.keys(field.default).length === 0
    ? ''
    : `\`${plainText(field.default)}\``
}

function descriptionText({ description = '', examples = [] }: JsonSchema): string {
  const shown = examples.map((example) => `\`${plainText(example)}\``).join(', ')
  return shown === '' ? description : `${description} For example ${shown}.`.trim()
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
