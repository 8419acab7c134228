import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fatalError } from '../../engine/component/index.ts'
import { ChangeParser, commitFormat, type Change } from './parser.ts'
import { firstLine, noGit, startGit, type Repository } from './repository.ts'

/** A part of a history: the commits that can be reached from `head` and from none of `known`. */
export interface Span {
  readonly head: string
  readonly known: readonly string[]
}

/** Where to begin in a span: at its commit number `index`, which must be `sha`. */
export interface CommitPlace {
  readonly index: number
  readonly sha: string
}

export type Renames = 'exact' | 'similar' | 'none'

// With a limit, so that one commit that moves a thousand files does not compare each with each.
const renameFlags: Readonly<Record<Renames, readonly string[]>> = {
  exact: ['-M100%', '-l1000'],
  similar: ['-M', '-l400'],
  none: ['--no-renames'],
}

/**
 * The changes of a span, oldest first, as they come from two git processes: one lists the commits, the other compares each
 * with its parents. Both stand still while nobody reads.
 */
export class History {
  readonly #repository: Repository
  readonly #lister: ChildProcess
  readonly #differ: ChildProcess
  readonly #parser: ChangeParser
  readonly #output: Readable
  #failure: unknown
  #done = false

  /** `onNews` is called when there may be more to take, or the end is reached. */
  constructor(
    repository: Repository,
    span: Span,
    from: CommitPlace | undefined,
    renames: Renames,
    onNews: () => void,
  ) {
    this.#repository = repository
    const known = span.known.map((sha) => `^${sha}`)
    this.#lister = startGit(
      repository.folder,
      ['rev-list', '--reverse', '--topo-order', span.head, ...known],
      'ignore',
    )
    const flags = [
      '--stdin',
      '-r',
      '-z',
      '-c',
      '--root',
      '--always',
      '--name-status',
      ...renameFlags[renames],
    ]
    const format = ['--encoding=UTF-8', `--format=${commitFormat}`]
    this.#differ = startGit(repository.folder, ['diff-tree', ...flags, ...format], 'pipe')
    this.#parser = new ChangeParser(from?.index ?? 0)
    this.#output = this.#differ.stdout!
    this.#output.on('readable', onNews)
    void this.#run(from).finally(onNews)
  }

  /** The next change that is at hand; undefined when there is none. */
  next(): Change | undefined {
    for (;;) {
      const change = this.#parser.next()
      if (change !== undefined) return change
      const chunk = this.#output.read() as Buffer | null
      if (chunk === null) return undefined
      this.#parser.push(chunk)
    }
  }

  /** Whether everything was taken. Throws what went wrong. */
  get ended(): boolean {
    if (this.#failure !== undefined) throw this.#failure as Error
    return this.#done && this.#output.readableLength === 0
  }

  close(): void {
    this.#done = true
    this.#lister.kill('SIGKILL')
    this.#differ.kill('SIGKILL')
  }

  async #run(from: CommitPlace | undefined): Promise<void> {
    try {
      const exits = Promise.all([this.#exit(this.#lister), this.#exit(this.#differ)])
      await Promise.all([exits, feed(this.#lister.stdout!, this.#differ.stdin!, from)])
    } catch (error) {
      if (!this.#done) this.#failure = error
    } finally {
      this.close()
    }
  }

  async #exit(child: ChildProcess): Promise<void> {
    let complaint = ''
    child
      .stderr!.setEncoding('utf8')
      .on('data', (text: string) => (complaint = (complaint + text).slice(0, 4096)))
    const [code] = (await once(child, 'close').catch((error: unknown) => {
      throw noGit(error)
    })) as [number | null]
    if (code === 0 || this.#done) return
    const why = firstLine(complaint)
    throw fatalError('SOURCE_FAILED', `The history of ${this.#repository.folder} cannot be read: ${why}`)
  }
}

/** Passes the names of commits on, from the given one, as fast as they are taken. */
async function feed(from: Readable, to: Writable, place: CommitPlace | undefined): Promise<void> {
  // The other end may die first; its exit code says why.
  to.on('error', () => undefined)
  let left = place?.index ?? 0
  let awaited = place?.sha ?? ''
  let rest = ''
  for await (const chunk of from.setEncoding('latin1')) {
    let text = rest + (chunk as string)
    rest = ''
    for (; left > 0; left--) {
      const end = text.indexOf('\n')
      if (end < 0) break
      text = text.slice(end + 1)
    }
    if (left > 0 || (awaited !== '' && text.length < awaited.length)) {
      rest = text
      continue
    }
    if (!text.startsWith(awaited)) throw rewritten(awaited)
    awaited = ''
    if (!to.write(text, 'latin1') && !to.destroyed) await taken(to)
  }
  if (left > 0 || awaited !== '') throw rewritten(place?.sha ?? '')
  to.end()
}

/** Waits until a stream takes more, or is gone. */
function taken(to: Writable): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      to.off('drain', over).off('close', over)
      resolve()
    }
    to.on('drain', over).on('close', over)
  })
}

function rewritten(sha: string): Error {
  return fatalError(
    'SOURCE_FAILED',
    `The commit ${sha} is not where it was when the history was read before: begin anew under another topology name.`,
  )
}
