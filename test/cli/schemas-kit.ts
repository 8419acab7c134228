// Schemas of a project, in short, and what `schemas check` reports of them.
import { expect } from '@jest/globals'
import { millrace } from './command-line.ts'

/** A field of a record. */
export interface Field {
  readonly name: string
  readonly type: unknown
  readonly [attribute: string]: unknown
}

export const string = (name: string, more: object = {}): Field => ({
  name,
  type: 'string',
  doc: 'x',
  ...more,
})
export const optional = (name: string, more: object = {}): Field => ({
  name,
  type: ['null', 'string'],
  default: null,
  doc: 'x',
  ...more,
})
export const schema = (fields: readonly Field[], namespace = 'shop.orders', more: object = {}): string =>
  JSON.stringify({ type: 'record', name: 'OrderCreated', namespace, doc: 'An order.', fields, ...more })

/** The path of a version in a project. */
export const file = (version: string): string => `schemas/orders/OrderCreated.v${version}.avsc`

interface Version {
  readonly version: string
  readonly change: string
  readonly upgrade: string
  readonly problems: readonly { code: string; message: string; path?: string }[]
  readonly notes: readonly string[]
}

/** What `schemas check -o json` prints. */
export interface Report {
  readonly ok: boolean
  readonly subjects: readonly { subject: string; mode: string; versions: readonly Version[] }[]
}

/** `schemas check` on a day that does not change. */
export const check = (folder: string, ...words: string[]) =>
  millrace(folder, ['schemas', 'check', '--date', '2026-11-22', ...words])

/** The report as values, and the exit code. */
export async function report(folder: string, ...words: string[]): Promise<Report & { code: number }> {
  const ran = await check(folder, '-o', 'json', ...words)
  expect(ran.err).toEqual([])
  return { ...(JSON.parse(ran.out.join('\n')) as Report), code: ran.code }
}

/** The newest version of the only subject. */
export async function newest(folder: string, ...words: string[]): Promise<Version & { code: number }> {
  const { subjects, code } = await report(folder, ...words)
  expect(subjects).toHaveLength(1)
  return { ...subjects[0]!.versions.at(-1)!, code }
}
