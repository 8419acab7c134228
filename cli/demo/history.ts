import { execFile } from 'node:child_process'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { fatalError } from '../../engine/errors.ts'

/** A history for the demo. */
export interface History {
  /** The repository's folder, or a bundle. */
  readonly repo: string
  readonly name: string
  /** For people. */
  readonly what: string
  readonly commits: number
}

const git = promisify(execFile)

/** About how many commits the bundled history has. */
const bundledCommits = 300

/** Fewer commits than this make a dull demo. */
const fewCommits = 5

/**
 * The history that was asked for; or the one here; or, where there is none, or it is shallow or has hardly begun, the
 * bundled one. Throws SOURCE_FAILED for a `--repo` that is no repository.
 */
export async function chooseHistory(asked: string | undefined, cwd: string, root: string): Promise<History> {
  if (asked !== undefined) {
    const repo = resolve(cwd, asked)
    const own = await commitsOf(repo)
    if (own === undefined) {
      throw fatalError(
        'SOURCE_FAILED',
        `--repo ${asked} is no git repository with commits: give the folder of one.`,
      )
    }
    return { repo, name: basename(repo), what: `the history of ${asked} (${own} commits)`, commits: own }
  }
  const commits = await commitsOf(cwd)
  if (commits !== undefined && commits >= fewCommits && !(await isShallow(cwd))) {
    return {
      repo: cwd,
      name: basename(cwd),
      what: `the history of this repository (${commits} commits)`,
      commits,
    }
  }
  const why = commits === undefined ? 'there is no repository here' : 'the history here is short or cut off'
  return {
    repo: join(root, 'demo', 'history.bundle'),
    name: 'shop',
    what: `a bundled history, since ${why}`,
    commits: bundledCommits,
  }
}

async function commitsOf(folder: string): Promise<number | undefined> {
  const count = await answerOf(folder, ['rev-list', '--count', 'HEAD'])
  return count === undefined ? undefined : Number(count)
}

async function isShallow(folder: string): Promise<boolean> {
  return (await answerOf(folder, ['rev-parse', '--is-shallow-repository'])) === 'true'
}

async function answerOf(folder: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await git('git', ['-C', folder, ...args])).stdout.trim()
  } catch {
    return undefined
  }
}
