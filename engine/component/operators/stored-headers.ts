import type { Header } from '../headers.ts'

/** A header as JSON takes it: its name, and its value in base64. */
export type StoredHeader = readonly [name: string, value: string | null]

/** Headers to be kept: copies of those given. */
export function storedHeaders(headers: readonly Header[]): StoredHeader[] {
  return headers.map(({ name, value }) => [
    name,
    value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64'),
  ])
}

/** The headers that {@link storedHeaders} was given. */
export function unstoredHeaders(headers: readonly StoredHeader[] = []): Header[] {
  return headers.map(([name, value]) => ({
    name,
    value: value === null ? null : Buffer.from(value, 'base64'),
  }))
}
