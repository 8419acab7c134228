import { isUtf8 } from 'node:buffer'

/** A commit, as far as its changes need it. */
export interface Commit {
  /** Its place in the part of the history that is read, from 0. */
  readonly index: number
  readonly sha: string
  /** Milliseconds since 1970. */
  readonly committedAt: number
  readonly authorName: string
  readonly authorEmail: string
  readonly subject: string
}

export type Action = 'added' | 'modified' | 'deleted' | 'renamed' | 'retyped'

/** One file that a commit changed. */
export interface Change {
  readonly commit: Commit
  readonly action: Action
  readonly path: string
  readonly oldPath: string | null
}

/** What `git diff-tree` is to print of a commit: fields between zero bytes, behind a mark that no status begins with. */
export const commitFormat = '%x01%H%x00%ct%x00%an%x00%ae%x00%s'
const fieldsOfCommit = 5
const mark = 1
const lineFeed = 10

/** Subjects are one line of any length. */
const longestSubject = 500

/**
 * Reads what `git diff-tree --stdin -r -c --root --always --name-status -z` prints with `commitFormat`: for each commit its
 * fields; then, behind a line feed (or an empty field, for a merge), a status and a path for each file, two paths for
 * a rename. Paths may hold anything but a zero byte.
 */
export class ChangeParser {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #commit: Commit | undefined
  #commits: number

  constructor(firstCommit: number) {
    this.#commits = firstCommit
  }

  /** True when nothing is left of what was pushed, not even the beginning of something. */
  get empty(): boolean {
    return this.#at === this.#bytes.length
  }

  push(chunk: Buffer): void {
    this.#bytes = this.empty ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk])
    this.#at = 0
  }

  /** The next change, or undefined when more must be pushed first. */
  next(): Change | undefined {
    for (;;) {
      const begin = this.#at
      const change = this.#step()
      if (change === undefined) this.#at = begin
      if (change !== true) return change
    }
  }

  /** A change, true for something else, undefined when it is not all there. */
  #step(): Change | true | undefined {
    const token = this.#token()
    if (token === undefined) return undefined
    if (token.length === 0) return true
    if (token[0] === mark) return this.#readCommit(token)
    const status = token.toString('latin1', token[0] === lineFeed ? 1 : 0)
    const renamed = status[0] === 'R' && /^R\d+$/.test(status)
    const first = this.#token()
    const second = renamed ? this.#token() : first
    if (first === undefined || second === undefined) return undefined
    const commit = this.#commit!
    return {
      commit,
      action: actionOf(status, renamed),
      path: pathOf(second),
      oldPath: renamed ? pathOf(first) : null,
    }
  }

  #readCommit(sha: Buffer): true | undefined {
    const fields = [sha.toString('latin1', 1)]
    while (fields.length < fieldsOfCommit) {
      const field = this.#token()
      if (field === undefined) return undefined
      fields.push(field.toString('utf8'))
    }
    this.#commit = {
      index: this.#commits++,
      sha: fields[0]!,
      committedAt: Number(fields[1]) * 1000,
      authorName: fields[2]!,
      authorEmail: fields[3]!,
      subject: fields[4]!.slice(0, longestSubject),
    }
    return true
  }

  #token(): Buffer | undefined {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end < 0) return undefined
    const token = this.#bytes.subarray(this.#at, end)
    this.#at = end + 1
    return token
  }
}

/** A merge has one letter for each parent: what the file is against each of them. */
function actionOf(status: string, renamed: boolean): Action {
  if (renamed) return 'renamed'
  if (/^A+$/.test(status)) return 'added'
  if (status.includes('D')) return 'deleted'
  return status === 'T' ? 'retyped' : 'modified'
}

/** Paths are bytes; those that are not UTF-8 are taken for Latin-1, so that different paths stay different. */
function pathOf(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.includes('\uFFFD') && !isUtf8(bytes) ? bytes.toString('latin1') : text
}
