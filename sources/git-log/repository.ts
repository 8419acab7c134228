import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fatalError, type MillraceError } from '../../engine/component/index.ts'

/** A git repository that can be read. */
export interface Repository {
  /** The folder that git is run in. */
  readonly folder: string
  /** What people call it: the folder's name, without `.git` or `.bundle`. */
  readonly name: string
  readonly shallow: boolean
  /** Removes what was unpacked. */
  close(): Promise<void>
}

interface Answer {
  readonly code: number
  readonly out: string
  readonly err: string
}

/**
 * Opens a repository: a folder (or one inside it), a bare one, or a bundle file, which is unpacked into a temporary folder.
 * Throws fatal errors of one sentence; `facts.reason` is `no-git`, `not-there`, `not-a-repository` or `unreadable`.
 */
export async function openRepository(path: string): Promise<Repository> {
  const full = resolve(path)
  if (!existsSync(full))
    throw failed('not-there', `There is no ${full}: give the folder of a git repository.`)
  if (statSync(full).isFile()) return openBundle(full)
  const shown = await git(full, 'rev-parse', '--is-shallow-repository', '--absolute-git-dir')
  if (shown.code !== 0) throw notARepository(full, shown.err)
  const [shallow, gitFolder = ''] = shown.out.trimEnd().split('\n')
  const top = await git(full, 'rev-parse', '--show-toplevel')
  const folder = top.code === 0 && top.out !== '' ? top.out.trimEnd() : gitFolder
  const name = basename(folder).replace(/\.git$/, '')
  return { folder, name, shallow: shallow === 'true', close: () => Promise.resolve() }
}

async function openBundle(file: string): Promise<Repository> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bundle-'))
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const cloned = await git(folder, 'clone', '--quiet', '--bare', file, '.').catch(async (error: unknown) => {
    await close()
    throw error
  })
  if (cloned.code !== 0) {
    await close()
    throw failed(
      'not-a-repository',
      `${file} is neither a git repository nor a bundle of one: ${firstLine(cloned.err)}`,
    )
  }
  return { folder, name: basename(file).replace(/\.bundle$/, ''), shallow: false, close }
}

/** The commit that a name stands for; undefined where there is none (a repository without commits). */
export async function commitOf({ folder }: Repository, name: string): Promise<string | undefined> {
  const { code, out } = await git(
    folder,
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${name}^{commit}`,
  )
  return code === 0 ? out.trim() : undefined
}

/** Whether `older` can be reached from `newer`. */
export async function isAncestor({ folder }: Repository, older: string, newer: string): Promise<boolean> {
  return (await git(folder, 'merge-base', '--is-ancestor', older, newer)).code === 0
}

/** Starts git with pipes. Its own configuration must not change what it answers, nor may it ask or fetch. */
export function startGit(folder: string, args: readonly string[], input: 'pipe' | 'ignore'): ChildProcess {
  return spawn('git', [...settings, ...args], {
    cwd: folder,
    env: environment(),
    stdio: [input, 'pipe', 'pipe'],
  })
}

/** The first line that git complained with. */
export function firstLine(text: string): string {
  return (
    text
      .trim()
      .split('\n', 1)[0]!
      .replace(/^(fatal|error): /, '') || 'git did not say why.'
  )
}

// Objects are read once each: large caches and windows would be memory without use, and measured slower.
const settings = [
  ...['core.deltaBaseCacheLimit=16m', 'core.packedGitWindowSize=1m', 'core.packedGitLimit=32m'],
  ...['core.quotePath=false'],
].flatMap((setting) => ['-c', setting])

function environment(): NodeJS.ProcessEnv {
  // A hook's GIT_DIR would point all of this at another repository.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  return {
    ...Object.fromEntries(own),
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
  }
}

function git(folder: string, ...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    execFile('git', [...settings, ...args], { cwd: folder, env: environment() }, (error, out, err) => {
      if (error === null) resolve({ code: 0, out, err })
      else if (typeof error.code === 'number') resolve({ code: error.code, out, err })
      else reject(noGit(error))
    })
  })
}

/** The error for a git that could not be started. */
export function noGit(cause: unknown): MillraceError {
  return failed('no-git', 'git could not be started: install it, and see that it is on the PATH.', cause)
}

function notARepository(folder: string, err: string): MillraceError {
  const owner = err.includes('dubious ownership')
  if (!owner) return failed('not-a-repository', `${folder} is not a git repository: give the folder of one.`)
  return failed(
    'unreadable',
    `git does not trust ${folder}, which someone else owns: see git's safe.directory.`,
  )
}

function failed(reason: string, sentence: string, cause?: unknown): MillraceError {
  return fatalError('SOURCE_FAILED', sentence, { cause, facts: { reason } })
}
