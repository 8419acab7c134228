// A repository of git that a recipe of the documentation runs in, with the package as `npm ci` would put it there.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** What a line of a recipe answered. */
export interface Answered {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A clone whose origin has the branch `main`, with one commit. */
export class ScratchRepository {
  readonly #home = mkdtempSync(join(tmpdir(), 'millrace-recipe-'))
  readonly folder: string
  /** The project's folder: the top of the clone, or one within it. */
  readonly project: string

  constructor(files: Readonly<Record<string, string>>, within = '') {
    const origin = join(this.#home, 'origin')
    this.folder = join(this.#home, 'clone')
    this.project = join(this.folder, within)
    mkdirSync(origin)
    this.#run(['git', 'init', '-q', '-b', 'main', '.'], origin)
    for (const [name, text] of Object.entries(files)) write(join(origin, within, name), text)
    this.#run(['git', 'add', '-A'], origin)
    this.#run(['git', 'commit', '-q', '-m', 'one'], origin)
    this.#run(['git', 'clone', '-q', origin, this.folder])
    this.#run(['git', 'checkout', '-q', '-b', 'branch'], this.folder)
    this.installPackage(this.project)
  }

  /** What `npm ci` does, as far as it matters. */
  installPackage(folder: string): void {
    const program = join(folder, 'node_modules/.bin/millrace')
    write(program, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'main.ts')}' "$@"\n`)
    chmodSync(program, 0o755)
    write(join(this.folder, '.git/info/exclude'), 'node_modules\n')
  }

  write(name: string, text: string): void {
    write(join(this.project, name), text)
  }

  remove(name: string): void {
    rmSync(join(this.project, name), { recursive: true })
  }

  hook(text: string): void {
    const path = join(this.folder, '.git/hooks/pre-commit')
    write(path, text)
    chmodSync(path, 0o755)
  }

  git(...words: readonly string[]): Answered {
    return this.#run(['git', ...words], this.project)
  }

  /** A commit of somebody else, in the origin's `main`. */
  elsewhere(name: string, text: string): void {
    const other = join(this.#home, 'other')
    this.#run(['git', 'clone', '-q', join(this.#home, 'origin'), other])
    write(join(other, name), text)
    this.#run(['git', 'add', '-A'], other)
    this.#run(['git', 'commit', '-q', '-m', 'elsewhere'], other)
    this.#run(['git', 'push', '-q', 'origin', 'HEAD:elsewhere'], other)
    this.#run(['git', 'fetch', '-q', 'origin', 'elsewhere:refs/remotes/origin/main'], this.folder)
  }

  /** Another folder of the same repository, with a branch of its own. */
  worktree(name: string): string {
    const folder = join(this.#home, name)
    this.#run(['git', 'worktree', 'add', '-q', '-b', name, folder], this.folder)
    cpSync(join(this.project, 'node_modules'), join(folder, 'node_modules'), { recursive: true })
    return folder
  }

  /** A line of a recipe, by a shell that ends with the first command that fails, as those of GitHub and GitLab do. */
  shell(line: string, env: Readonly<Record<string, string>> = {}, cwd = this.project): Answered {
    return run(['bash', '-eo', 'pipefail', '-c', line], cwd, env)
  }

  close(): void {
    rmSync(this.#home, { recursive: true, force: true })
  }

  #run(words: readonly string[], cwd = this.#home): Answered {
    const who = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    }
    return run(words, cwd, who)
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function run([program = '', ...words]: readonly string[], cwd: string, more: NodeJS.ProcessEnv): Answered {
  const env = {
    PATH: process.env['PATH'],
    HOME: tmpdir(),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
    npm_config_update_notifier: 'false',
    ...more,
  }
  const ended = spawnSync(program, words, { cwd, env, encoding: 'utf8' })
  if (ended.error !== undefined) throw ended.error
  return { code: ended.status, out: ended.stdout, err: ended.stderr }
}
