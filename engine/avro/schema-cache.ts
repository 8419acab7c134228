import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sentenceOf } from '../errors.ts'

/**
 * What an entry is about: the schema of an id, the newest version of a subject, or the id of a schema in a subject. The
 * first never changes; the others are for the time in which the registry cannot be asked.
 */
export type CacheKind = 'id' | 'latest' | 'writer'

const format = 'millrace-schemas 1'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * What one registry has answered, on disk: `{folder}/{hash of its URLs}/{kind}-{hash of the key}.json`, a line with
 * the format and the SHA-256 of the rest, and the rest as JSON. Files are made aside and renamed, so that several
 * processes may share a folder. What is damaged, of another format, or about another registry or key, counts as absent.
 * A folder that cannot be written is told of once, and the cache then does without.
 */
export class SchemaCache {
  readonly #registry: string
  readonly #folder: string
  readonly #trouble: (sentence: string) => void
  #told = false

  /** @param registry  what tells registries apart: their URLs */
  constructor(folder: string, registry: string, trouble: (sentence: string) => void) {
    this.#registry = registry
    this.#folder = join(folder, sha256(registry).slice(0, 16))
    this.#trouble = trouble
  }

  /** What was kept last, or undefined. Never rejects. */
  async read(kind: CacheKind, key: string): Promise<unknown> {
    const body = await this.#body(this.#path(kind, key))
    if (body === undefined) return undefined
    const entry = JSON.parse(body) as { registry?: unknown; kind?: unknown; key?: unknown; value?: unknown }
    const same = entry.registry === this.#registry && entry.kind === kind && entry.key === key
    return same ? entry.value : undefined
  }

  /** Keeps a value, in place of the one before it. Never rejects. */
  async write(kind: CacheKind, key: string, value: unknown): Promise<void> {
    const body = JSON.stringify({ registry: this.#registry, kind, key, value })
    const path = this.#path(kind, key)
    const aside = `${path}.${randomUUID()}.tmp`
    try {
      await mkdir(this.#folder, { recursive: true })
      await writeFile(aside, `${format} ${sha256(body)}\n${body}`)
      await rename(aside, path)
    } catch (error) {
      await rm(aside, { force: true }).catch(() => undefined)
      if (!this.#told) this.#trouble(`Schemas cannot be kept in ${this.#folder}: ${sentenceOf(error)}.`)
      this.#told = true
    }
  }

  /** The ids whose schemas are kept, in ascending order. */
  async ids(): Promise<number[]> {
    const names = await readdir(this.#folder).catch(() => [])
    const numbers = names.flatMap((name) => /^id-(\d+)\.json$/.exec(name)?.[1] ?? [])
    return numbers.map(Number).sort((left, right) => left - right)
  }

  /** Forgets everything about this registry. */
  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined)
  }

  #path(kind: CacheKind, key: string): string {
    return join(this.#folder, `${kind}-${kind === 'id' ? key : sha256(key).slice(0, 32)}.json`)
  }

  async #body(path: string): Promise<string | undefined> {
    const text = await readFile(path, 'utf8').catch(() => '')
    const end = text.indexOf('\n')
    const body = text.slice(end + 1)
    return end > 0 && text.slice(0, end) === `${format} ${sha256(body)}` ? body : undefined
  }
}
