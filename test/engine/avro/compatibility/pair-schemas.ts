// Short ways to write schemas for pairs.ts.

/** A field of a record. */
export interface Field {
  readonly name: string
  readonly type: unknown
  readonly default?: unknown
  readonly aliases?: readonly string[]
}

export const field = (name: string, type: unknown, more: object = {}): Field => ({ name, type, ...more })
export const record = (name: string, fields: readonly Field[], more: object = {}) => ({
  type: 'record',
  name,
  fields,
  ...more,
})
export const choice = (symbols: readonly string[], more: object = {}) => ({
  type: 'enum',
  name: 'a.E',
  symbols,
  ...more,
})
export const fixed = (size: number, more: object = {}) => ({ type: 'fixed', name: 'a.F', size, ...more })
export const array = (items: unknown) => ({ type: 'array', items })
export const map = (values: unknown) => ({ type: 'map', values })
export const logical = (type: string, logicalType: string, more: object = {}) => ({
  type,
  logicalType,
  ...more,
})
export const decimal = (precision: number, scale: number) => logical('bytes', 'decimal', { precision, scale })

export const one = (...fields: readonly Field[]) => record('a.R', fields)
export const int = field('x', 'int')

/** Pairs by name. */
export type Pairs = Readonly<Record<string, readonly [writer: unknown, reader: unknown]>>
export const y = field('y', 'string')
