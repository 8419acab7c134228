import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fatalError } from '../engine/errors.ts'

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
}

/**
 * Finds a revision. Rejects with USAGE, one sentence, where git is missing, the folder is in no repository, or there is
 * no such revision.
 */
export async function openRevision(name: string, folder: string): Promise<Revision> {
  const top = await git(['rev-parse', '--show-toplevel'], folder)
  if (!top.ok) throw noRepository(name, folder, top.why)
  // The end of options keeps a name that begins with a dash from being one.
  const found = await git(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`],
    folder,
  )
  if (!found.ok) {
    throw fatalError(
      'USAGE',
      `--against ${name} is neither a file nor a revision of the git repository: try HEAD, a branch, a tag or a commit.`,
    )
  }
  const commit = found.text.trim()
  return {
    name,
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
    extract: (folder, to) => extract({ name, commit, root: top.text.trim() }, folder, to),
  }
}

async function extract(
  { name, commit, root }: { readonly name: string; readonly commit: string; readonly root: string },
  folder: string,
  to: string,
): Promise<void> {
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
  const env = { ...process.env, LC_ALL: 'C', ...more }
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
    )
  })
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
