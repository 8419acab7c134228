import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fatalError } from '../../engine/errors.ts'

const longest = 16 * 1024 * 1024

interface Ended {
  readonly ok: boolean
  readonly text: string
  /** The first line of what it complained about. */
  readonly why: string
}

/** A revision of the git repository that a folder is in. */
export interface Revision {
  readonly name: string
  /** The text of a file in that revision (a path as it is now); undefined where it was not there. */
  read(path: string): Promise<string | undefined>
  /** The names of the files that a folder had (without those in folders of its own); none where it was not there. */
  list(folder: string): Promise<string[]>
  /** Writes all files that a folder (as it is now) had in that revision into another one, which is there. */
  extract(folder: string, to: string): Promise<void>
  /** Where HEAD branched off from it; undefined where it has nothing that HEAD lacks, or git cannot tell. */
  branchedAt(): Promise<Revision | undefined>
}

/**
 * Finds a revision. Rejects with USAGE, one sentence, where git is missing, the folder is in no repository, or there is
 * no such revision.
 */
export async function openRevision(name: string, folder: string): Promise<Revision> {
  const top = await git(['rev-parse', '--show-toplevel'], folder)
  if (!top.ok) throw noRepository(name, folder, top.why)
  const commit = (await commitOf(name, folder)) ?? (await nothingYet(name, folder))
  if (commit === undefined) {
    throw fatalError(
      'USAGE',
      `--against ${name} is neither a file nor a revision of the git repository: try HEAD, a branch, a tag or a commit.`,
    )
  }
  return revisionOf({ name, commit, root: top.text.trim() }, folder)
}

/** What is staged for the next commit: git's index. Rejects as {@link openRevision} does, and where it holds conflicts. */
export async function openStaged(folder: string): Promise<Revision> {
  const name = 'what is staged'
  const top = await git(['rev-parse', '--show-toplevel'], folder)
  if (!top.ok)
    throw fatalError('USAGE', `--staged needs a git repository, and git says of ${folder}: ${top.why}`)
  const tree = await git(['write-tree'], folder)
  if (!tree.ok) throw fatalError('CONFIG_UNREADABLE', `What is staged cannot be read: ${tree.why}.`)
  return revisionOf({ name, commit: tree.text.trim(), root: top.text.trim() }, folder)
}

async function commitOf(name: string, folder: string): Promise<string | undefined> {
  // The end of options keeps a name that begins with a dash from being one.
  const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]
  const found = await git(words, folder)
  return found.ok ? found.text.trim() : undefined
}

/** Before the first commit HEAD is a name already: of nothing. */
async function nothingYet(name: string, folder: string): Promise<string | undefined> {
  if (name !== 'HEAD' || !(await git(['symbolic-ref', '--quiet', 'HEAD'], folder)).ok) return undefined
  const empty = await git(['hash-object', '-t', 'tree', '--stdin'], folder)
  return empty.ok ? empty.text.trim() : undefined
}

/** A tree of the repository at `root`, by its own hash or that of its commit. */
interface Tree {
  readonly name: string
  readonly commit: string
  readonly root: string
}

function revisionOf(tree: Tree, folder: string): Revision {
  const { name, commit } = tree
  return {
    name,
    async branchedAt() {
      const found = await git(['merge-base', 'HEAD', commit], folder)
      const base = found.text.trim()
      return !found.ok || base === commit ? undefined : revisionOf({ ...tree, commit: base }, folder)
    },
    async read(path) {
      const near = nearestFolder(dirname(path))
      const shown = await git(['show', `${commit}:./${inside(near, path)}`], near)
      return shown.ok ? shown.text : undefined
    },
    async list(folder) {
      const near = nearestFolder(folder)
      // What is in a folder, not the folder: that is what the slash at the end asks for.
      const path = inside(near, join(folder, 'x')).slice(0, -1)
      const words = ['ls-tree', '-z', commit, ...(path === '' ? [] : ['--', path])]
      const listed = await git(words, near)
      if (!listed.ok) return []
      // Each is `MODE TYPE HASH\tPATH`.
      const files = listed.text.split('\0').filter((entry) => /^\d+ blob /.test(entry))
      return files.map((entry) => basename(entry.slice(entry.indexOf('\t') + 1)))
    },
    extract: (folder, to) => extract(tree, folder, to),
  }
}

async function extract({ name, commit, root }: Tree, folder: string, to: string): Promise<void> {
  const tree = await git(['rev-parse', '--verify', '--quiet', `${commit}:./`], nearestFolder(folder))
  if (!tree.ok) return
  // An index of its own: that of the repository stays as it is.
  const index = { GIT_INDEX_FILE: join(to, '.millrace-index') }
  for (const words of [
    ['read-tree', tree.text.trim()],
    ['checkout-index', '--all', `--prefix=${to}/`],
  ]) {
    const done = await git(words, root, index)
    if (!done.ok) throw fatalError('CONFIG_UNREADABLE', `git cannot read ${name}: ${done.why}.`)
  }
}

/** A path as git writes it, seen from a folder. */
function inside(folder: string, path: string): string {
  return relative(folder, path).split('\\').join('/')
}

/** A folder that is gone by now cannot be worked in. */
function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder))
}

function git(
  words: readonly string[],
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const env = { ...gitEnvironment(), LC_ALL: 'C', ...more }
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      [...words],
      { cwd, env, maxBuffer: longest, encoding: 'utf8' },
      (error, text, complaint) => {
        if (error === null) resolve({ ok: true, text, why: '' })
        else if ((error as NodeJS.ErrnoException).code === 'ENOENT') reject(noGit(error))
        else resolve({ ok: false, text: '', why: complaint.split('\n')[0]! })
      },
    ).stdin?.end()
  })
}

/**
 * What git is told by the process that calls this one, a hook of its own for instance. GIT_DIR alone would make whatever folder
 * git runs in the top of the repository; GIT_INDEX_FILE stays as it is, since git reads it from the top.
 */
function gitEnvironment(): NodeJS.ProcessEnv {
  const { GIT_DIR, GIT_WORK_TREE, ...env } = process.env
  if (GIT_DIR === undefined || GIT_WORK_TREE === undefined) return env
  return { ...env, GIT_DIR: resolve(GIT_DIR), GIT_WORK_TREE: resolve(GIT_WORK_TREE) }
}

// A repository of somebody else is one, though git will not look into it.
function noRepository(name: string, folder: string, why: string): Error {
  const given = `--against ${name} is no file, and`
  const sentence = why.includes('not a git repository')
    ? `${given} ${folder} is in no git repository: give a file to compare with.`
    : `${given} git does not look into ${folder} (${why}): mend that, or give a file to compare with.`
  return fatalError('USAGE', sentence)
}

function noGit(cause: Error): Error {
  const message =
    'git is not installed, and --against names a revision: install it, or give a file to compare with.'
  return fatalError('USAGE', message, { cause })
}
