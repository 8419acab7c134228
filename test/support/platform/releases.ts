import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  up as upCustomer,
  down as downCustomer,
} from '../../../schemas/business.customers.events/CustomerRegistered.v1-v2.ts'
import { up as upOrder } from '../../../schemas/business.orders.events/OrderCreated.v1-v2.ts'
import type { Envelope } from '../../../platform/envelope.ts'
import type { ShopEvent } from '../../../platform/shop/shop-event.ts'

/** Releases of the services that write orders and accounts: each knows the schemas up to its own version. */
export const releases = ['1.0', '1.1', '2.0', '2.1'] as const
export type Release = (typeof releases)[number]

const root = join(import.meta.dirname, '../../..')

/** Lays the folder of a release: its schemas, and the catalogue. */
export function layRelease(release: Release, folder: string): void {
  for (const topic of readdirSync(join(root, 'schemas'), { withFileTypes: true })) {
    if (!topic.isDirectory()) continue
    mkdirSync(join(folder, 'schemas', topic.name), { recursive: true })
    for (const file of readdirSync(join(root, 'schemas', topic.name)))
      if (isKnown(file, release))
        cpSync(join(root, 'schemas', topic.name, file), join(folder, 'schemas', topic.name, file))
  }
  cpSync(join(root, 'schemas', 'catalogue.yaml'), join(folder, 'schemas', 'catalogue.yaml'))
}

/** Records of which there is no second MAJOR have the MINOR of the release, or their newest. */
function isKnown(file: string, release: Release): boolean {
  const version = versionOf(file)
  if (version === undefined) return !/\.v1-v2\.ts$/.test(file) || release >= '2.0'
  return version <= release
}

function versionOf(file: string): string | undefined {
  const [, major, minor] = /\.v(\d+)(?:\.(\d+))?\.avsc$/.exec(file) ?? []
  return major === undefined ? undefined : `${major}.${minor ?? 0}`
}

interface AvroType {
  readonly type?: unknown
  readonly fields?: readonly { readonly name: string; readonly type: unknown }[]
  readonly items?: unknown
}

interface Newest {
  readonly version: string
  readonly schema: AvroType
}

/** Writes events as the services of a release would: in its versions, without what those do not have. */
export class ReleaseForm {
  readonly #release: Release
  readonly #folder: string
  readonly #newest = new Map<string, Newest>()

  constructor(release: Release, folder: string) {
    this.#release = release
    this.#folder = folder
  }

  of(given: ShopEvent): ShopEvent {
    const { schema, event } = inMajor(given, this.#release.startsWith('1') ? 1 : 2)
    const { version, schema: type } = this.#newestOf(given.topic, schema)
    const metadata = { ...event.metadata, schemaVersion: `${version}.0` }
    const told = cut({ ...event, eventVersion: `${version}.0`, metadata }, type) as Envelope
    return { ...given, schema, event: told }
  }

  #newestOf(topic: string, schema: string): Newest {
    const known = this.#newest.get(schema)
    if (known !== undefined) return known
    const folder = join(this.#folder, 'schemas', topic)
    const [name, major] = [schema.split('.').at(-1)!, schema.includes('.v2.') ? '2' : '1']
    const file = readdirSync(folder)
      .filter((one) => one.startsWith(`${name}.v${major}.`) && one.endsWith('.avsc'))
      .sort()
      .at(-1)!
    const found = {
      version: versionOf(file)!,
      schema: JSON.parse(readFileSync(join(folder, file), 'utf8')) as AvroType,
    }
    this.#newest.set(schema, found)
    return found
  }
}

/** An event in a MAJOR; those of which there is one alone stay. */
function inMajor(given: ShopEvent, major: 1 | 2): { readonly schema: string; readonly event: Envelope } {
  const { schema, event } = given
  const is = schema.includes('.v2.') ? 2 : 1
  const other = major === 2 ? schema.replace(/\.(?=\w+$)/, '.v2.') : schema.replace('.v2.', '.')
  const hasTwo = schema.endsWith('.OrderCreated') || schema.endsWith('.CustomerRegistered')
  if (!hasTwo || is === major) return { schema, event }
  const isOrder = schema.endsWith('.OrderCreated')
  // An order in another currency has an old form, too, here: what it has too many is cut off.
  const cast = major === 2 ? (isOrder ? upOrder : upCustomer) : isOrder ? same : downCustomer
  return {
    schema: other,
    event: cast(event as unknown as Parameters<typeof upOrder>[0]) as unknown as Envelope,
  }
}

function same<T>(event: T): T {
  return event
}

/** A value without the fields that a schema does not have. */
function cut(value: unknown, type: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(type))
    return cut(
      value,
      type.find((one) => one !== 'null'),
    )
  const { type: inner, fields, items } = type as AvroType
  if (Array.isArray(value)) return value.map((one) => cut(one, items ?? (inner as AvroType).items))
  if (fields === undefined) return typeof inner === 'object' ? cut(value, inner) : value
  const given = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    fields
      .filter(({ name }) => Object.hasOwn(given, name))
      .map((field) => [field.name, cut(given[field.name], field.type)]),
  )
}
