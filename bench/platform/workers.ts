import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { platformTopologies } from '../../cli/demo/platform.ts'
import { BenchFailure } from '../clients/options.ts'
import type { Layout } from './options.ts'

export const root = join(import.meta.dirname, '../..')

/** How long workers may take to be ready, in milliseconds. */
const readyMs = 600_000

export interface WorkersOptions {
  readonly layout: Layout
  /** The environment's file. */
  readonly environment: string
  /** Where CPU profiles go, if they are wanted. */
  readonly profiles?: string | undefined
}

interface Started {
  readonly name: string
  readonly child: ChildProcess
  /** What it has written to standard error. */
  text: string
}

/** The workers of the platform, each a process `millrace run FILE…`. */
export class Workers {
  readonly #workers: readonly Started[]

  private constructor(workers: readonly Started[]) {
    this.#workers = workers
    process.once('exit', () => {
      for (const { child } of workers) child.kill('SIGKILL')
    })
  }

  /**
   * Starts them all at once; resolves when each is ready. Answers how many seconds that took.
   *
   * @throws BenchFailure with what a worker has said, if it ends before
   */
  static async start(
    options: WorkersOptions,
  ): Promise<{ readonly workers: Workers; readonly seconds: number }> {
    const began = performance.now()
    const names = [...platformTopologies]
    const groups = options.layout === 'together' ? [names] : names.map((name) => [name])
    const workers = new Workers(groups.map((group) => start(group, options)))
    try {
      await Promise.all(workers.#workers.map(ready))
    } catch (error) {
      await workers.stop('SIGKILL').catch(() => undefined)
      throw error
    }
    return { workers, seconds: (performance.now() - began) / 1000 }
  }

  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#workers.map(({ name, child }) => [name, child.pid!]))
  }

  /** What they have warned of so far, each line with the time and the topology. */
  get warnings(): readonly string[] {
    return this.#workers.flatMap(({ text }) => text.split('\n').flatMap(warningOf)).toSorted()
  }

  /** @throws BenchFailure where one has ended by itself, or does not end in order */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const gone = this.#workers.find(({ child }) => child.exitCode !== null)
    await Promise.all(
      this.#workers.map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill(signal)
        await ended
      }),
    )
    const failed = gone ?? this.#workers.find(({ child }) => signal === 'SIGTERM' && child.exitCode !== 0)
    if (failed !== undefined) throw ended(failed)
  }

  /** @throws BenchFailure where one has ended */
  check(): void {
    const gone = this.#workers.find(({ child }) => child.exitCode !== null || child.signalCode !== null)
    if (gone !== undefined) throw ended(gone)
  }
}

interface LogLine {
  readonly time: string
  readonly level: string
  readonly message: string
  readonly topology?: string
}

function warningOf(text: string): readonly string[] {
  if (!text.startsWith('{')) return []
  const { time, level, message, topology = '' } = JSON.parse(text) as LogLine
  return level === 'warn' || level === 'error' ? [`${time.slice(11, 23)} ${topology} ${message}`] : []
}

function start(names: readonly string[], { environment, profiles }: WorkersOptions): Started {
  const files = names.map((name) => join(root, 'topologies', `${name}.yaml`))
  const name = names.length === 1 ? names[0]! : 'all topologies'
  const profile = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-name=${basename(name)}.cpuprofile`]
  const place = profiles === undefined ? [] : [`--cpu-prof-dir=${profiles}`]
  const words = ['run', ...files, '--env', environment, '--project', root, '--http', '127.0.0.1:0']
  const flags = ['--disable-warning=ExperimentalWarning', ...profile, ...place]
  const child = spawn(process.execPath, [...flags, join(root, 'main.ts'), ...words], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const started: Started = { name, child, text: '' }
  child.stderr.setEncoding('utf8').on('data', (text: string) => (started.text += text))
  return started
}

async function ready(started: Started): Promise<void> {
  const deadline = performance.now() + readyMs
  for (;;) {
    if (started.child.exitCode !== null || performance.now() > deadline) throw ended(started)
    const url = /served at (http:[^"\s]+)/.exec(started.text)?.[1]
    if (url !== undefined && (await isReady(url))) return
    await delay(50)
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(new URL('/readyz', url))).ok
  } catch {
    return false
  }
}

function ended({ name, child, text }: Started): BenchFailure {
  const how = child.exitCode === null ? 'is not ready' : `ended with ${child.exitCode}`
  return new BenchFailure(`The worker of ${name} ${how}: ${text.trim().split('\n').slice(-3).join(' ')}`)
}
