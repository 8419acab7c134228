import type { z } from 'zod'

/** As far as `schemaAt` looks into a schema of zod. */
interface Def {
  readonly type: string
  readonly innerType?: z.ZodType
  readonly in?: z.ZodType
  readonly element?: z.ZodType
  readonly valueType?: z.ZodType
  readonly options?: readonly z.ZodType[]
  readonly discriminator?: string
}

/** The object schema that is meant for the value at a path; undefined where that is not certain. */
export function schemaAt(
  schema: z.ZodType,
  path: readonly PropertyKey[],
  root: unknown,
): z.ZodObject | undefined {
  let at: z.ZodType | undefined = schema
  let value = root
  for (const name of [...path, undefined]) {
    at = at === undefined ? undefined : unwrapped(at, value)
    if (name === undefined || at === undefined) break
    at = childOf(at, name)
    value = (value as Record<PropertyKey, unknown> | null | undefined)?.[name]
  }
  return at !== undefined && defOf(at).type === 'object' ? (at as z.ZodObject) : undefined
}

/**
 * Without `optional`, defaults and transforms; the one option of a union that its discriminator names, or that alone can
 * be a mapping where the value is one.
 */
export function unwrapped(schema: z.ZodType, value?: unknown): z.ZodType | undefined {
  const def = defOf(schema)
  if (def.innerType !== undefined) return unwrapped(def.innerType, value)
  if (def.type === 'pipe' && def.in !== undefined) return unwrapped(def.in, value)
  if (def.type !== 'union') return schema
  if (def.discriminator === undefined) return onlyMapping(def, value) ?? schema
  const wanted = (value as Record<string, unknown> | null | undefined)?.[def.discriminator]
  return def.options?.find((option) => literalOf(option, def.discriminator!) === wanted)
}

function onlyMapping({ options = [] }: Def, value: unknown): z.ZodType | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const mappings = options.filter((option) => ['object', 'record'].includes(defOf(option).type))
  return mappings.length === 1 ? mappings[0] : undefined
}

function childOf(schema: z.ZodType, name: PropertyKey): z.ZodType | undefined {
  const def = defOf(schema)
  if (def.type === 'object') return (schema as z.ZodObject).shape[String(name)] as z.ZodType | undefined
  return def.type === 'array' ? def.element : def.valueType
}

function literalOf(option: z.ZodType, field: string): unknown {
  const literal = (option as z.ZodObject).shape[field] as unknown as { value?: unknown } | undefined
  return literal?.value
}

function defOf(schema: z.ZodType): Def {
  return schema.def
}
