import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fatalError } from '../errors.ts'
import { KeyBook, KeyFile, type KeyEntry } from './keys.ts'

/**
 * Reads a file of keys; one that is not there holds none. Rejects with CONFIG_UNREADABLE for one that cannot be read and
 * CONFIG_INVALID for one that is no file of keys.
 */
export async function readKeys(path: string): Promise<KeyEntry[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw fatalError('CONFIG_UNREADABLE', `The keys in ${path} could not be read (${code}).`)
  }
  return parseKeys(text, path)
}

/** Reads the text of a file of keys; `where` is what it is called. Throws CONFIG_INVALID. */
export function parseKeys(text: string, where: string): KeyEntry[] {
  const parsed = KeyFile.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data.keys
  const place = parsed.error.issues[0]?.path.join('.') ?? ''
  const at = place === '' ? '' : ` at ${place}`
  throw fatalError('CONFIG_INVALID', `${where} is no file of keys${at}: millrace keys new writes one.`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/**
 * Changes a file of keys as a whole: whoever reads it sees the old or the new one, and only its owner may. Two who change
 * it at once: the second is refused with CONFIG_INVALID.
 */
export async function changeKeys<Result>(
  path: string,
  change: (keys: KeyEntry[]) => { readonly keys: readonly KeyEntry[]; readonly result: Result },
): Promise<Result> {
  await mkdir(dirname(path), { recursive: true })
  const next = `${path}.next`
  const file = await open(next, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const busy = `Another command changes ${path} at this moment: try again, or delete ${next} if none does.`
    const sentence = `${path} could not be written (${error.code ?? 'unknown error'}).`
    throw fatalError('CONFIG_INVALID', error.code === 'EEXIST' ? busy : sentence)
  })
  try {
    const { keys, result } = change(await readKeys(path))
    await file.writeFile(`${JSON.stringify({ version: 1, keys }, undefined, 2)}\n`)
    await file.sync()
    await rename(next, path)
    return result
  } catch (error) {
    await rm(next, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** The keys of a file, read again when it has changed, so that a revoked one is refused at once. */
export class WatchedKeys {
  readonly #path: string
  #seen: string | undefined
  #book = new KeyBook([])

  constructor(path: string) {
    this.#path = path
  }

  /** Rejects as `readKeys` does: where nobody can say which keys hold, none does. */
  async book(): Promise<KeyBook> {
    const seen = await versionOf(this.#path)
    if (seen !== this.#seen) {
      this.#book = new KeyBook(await readKeys(this.#path))
      this.#seen = seen
    }
    return this.#book
  }
}

async function versionOf(path: string): Promise<string> {
  try {
    // A file that is replaced has another inode, whatever the clock says.
    const { ino, mtimeNs, size } = await stat(path, { bigint: true })
    return `${ino}/${mtimeNs}/${size}`
  } catch {
    return 'none'
  }
}
