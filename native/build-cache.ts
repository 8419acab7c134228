import { createHash, randomUUID } from 'node:crypto'
import { cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

// Builds kept outside of the checkout, one folder each. A folder is complete or absent, also when several processes
// store and restore at once, and after a crash.

/** What a build of librdkafka depends on. */
export interface CacheFacts {
  /** The version of node-rdkafka. */
  readonly version: string
  /** librdkafka's optional parts whose headers are there, such as `zstd`. */
  readonly features: readonly string[]
  /** `process.versions.modules`. */
  readonly abi: string
  /** Such as `linux-x64`. */
  readonly platform: string
  /** Such as `glibc-2.36` or `musl`. */
  readonly libc: string
  /** Where node-rdkafka lies, where that matters: on macOS a library has its own place written into it. */
  readonly folder?: string
}

/** The name of a cache entry: readable, and with a hash over all facts, so that none can run into another. */
export function cacheKey(facts: CacheFacts): string {
  const features = facts.features.toSorted()
  const all = JSON.stringify([
    facts.version,
    features,
    facts.abi,
    facts.platform,
    facts.libc,
    facts.folder ?? '',
  ])
  const hash = createHash('sha256').update(all).digest('hex').slice(0, 12)
  return `node-rdkafka-${facts.version}-${facts.platform}-${hash}`
}

/** The libc that this Node runs on: `glibc-VERSION`, `musl`, or the operating system where there is no choice. */
export function libc(): string {
  if (process.platform !== 'linux') return process.platform
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime ? `glibc-${header.glibcVersionRuntime}` : 'musl'
}

/** `$XDG_CACHE_HOME/millrace/native`, by default below `~/.cache`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace', 'native')
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Whether the cache has an entry with all of these files. */
export async function isStored(entry: string, files: readonly string[]): Promise<boolean> {
  const there = await Promise.all(files.map((file) => exists(join(entry, file))))
  return !there.includes(false)
}

/**
 * Copies the files of an entry into `target`, each atomically and in the given order.
 *
 * @returns false where the cache has no such entry or it lacks a file; then nothing is copied, unless another process
 *   takes the entry away at this moment
 */
export async function restore(entry: string, target: string, files: readonly string[]): Promise<boolean> {
  if (!(await isStored(entry, files))) return false
  for (const file of files) {
    await mkdir(dirname(join(target, file)), { recursive: true })
    if (!(await copyAtomically(join(entry, file), join(target, file)))) return false
  }
  return true
}

/** @returns false where the file to copy is no longer there */
async function copyAtomically(from: string, to: string): Promise<boolean> {
  const partial = `${to}.${randomUUID()}`
  try {
    await cp(from, partial)
    await rename(partial, to)
    return true
  } catch (error) {
    await rm(partial, { force: true })
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/**
 * Stores files as an entry, in place of one of that name. When another process stores the same entry at this moment,
 * one of the two stays.
 */
export async function store(entry: string, source: string, files: readonly string[]): Promise<void> {
  const partial = `${entry}.${randomUUID()}`
  try {
    for (const file of files) {
      await mkdir(dirname(join(partial, file)), { recursive: true })
      await cp(join(source, file), join(partial, file))
    }
    await discard(entry)
    await rename(partial, entry)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

/** Removes an entry: first out of everybody's sight, then for good. */
export async function discard(entry: string): Promise<void> {
  const aside = `${entry}.${randomUUID()}`
  try {
    await rename(entry, aside)
  } catch {
    return
  }
  await rm(aside, { recursive: true, force: true })
}
