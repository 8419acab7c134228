import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

/** How many files the rows of each side are divided into: one of each is in memory at a time. */
export const spillParts = 64

const bufferBytes = 64 * 1024

/** Rows with their keys, divided by a hash of the key, on disk: two sides can then be joined part by part. */
export class Spill {
  readonly #parts: { readonly path: string; readonly file: number; readonly buffer: Buffer; length: number }[]

  #closed = false

  constructor(folder: string, name: string) {
    this.#parts = Array.from({ length: spillParts }, (_, part) => {
      const path = join(folder, `${name}-${part}`)
      return { path, file: openSync(path, 'w'), buffer: Buffer.allocUnsafe(bufferBytes), length: 0 }
    })
  }

  add(key: Buffer, row: Buffer): void {
    const part = this.#parts[partOf(key)]!
    const size = 8 + key.length + row.length
    if (part.length + size > part.buffer.length) this.#flush(part)
    if (size > part.buffer.length) {
      const large = Buffer.allocUnsafe(size)
      put(large, 0, key, row)
      writeWhole(part.file, large, size)
      return
    }
    part.length = put(part.buffer, part.length, key, row)
  }

  #flush(part: { readonly file: number; readonly buffer: Buffer; length: number }): void {
    writeWhole(part.file, part.buffer, part.length)
    part.length = 0
  }

  /** Nothing is added any more. May be called twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const part of this.#parts) {
      this.#flush(part)
      closeSync(part.file)
    }
  }

  /** The rows of one part, in the order in which they were added. The keys are latin1 text. */
  *read(part: number): Generator<{ readonly key: string; readonly row: Buffer }> {
    const bytes = readFileSync(this.#parts[part]!.path)
    for (let at = 0; at < bytes.length;) {
      const keyEnd = at + 8 + bytes.readUInt32BE(at)
      const rowEnd = keyEnd + bytes.readUInt32BE(at + 4)
      yield { key: bytes.toString('latin1', at + 8, keyEnd), row: bytes.subarray(keyEnd, rowEnd) }
      at = rowEnd
    }
  }
}

function put(buffer: Buffer, at: number, key: Buffer, row: Buffer): number {
  buffer.writeUInt32BE(key.length, at)
  buffer.writeUInt32BE(row.length, at + 4)
  key.copy(buffer, at + 8)
  row.copy(buffer, at + 8 + key.length)
  return at + 8 + key.length + row.length
}

function writeWhole(file: number, bytes: Buffer, length: number): void {
  for (let at = 0; at < length;) at += writeSync(file, bytes, at, length - at)
}

/** FNV-1a; keys end in what differs most, so that all of it counts. */
function partOf(key: Buffer): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key[at]!, 0x01000193)
  return ((hash ^ (hash >>> 16)) >>> 0) % spillParts
}

/** Does something with a folder of its own below `dir`, which is gone afterwards. */
export async function withSpillFolder<T>(dir: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(dir, { recursive: true })
  const folder = mkdtempSync(join(dir, 'reconcile-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
