import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openProject } from '../../../cli/project/project.ts'
import { decodeMetadata } from '../../../engine/runtime/commit-metadata.ts'
import type { Intervals } from '../../../engine/runtime/intervals.ts'
import { encodeCommand } from '../../../engine/runtime/letters.ts'

const project = `${import.meta.dirname}/project`

/** How a life of the worker is to end: at a named point, after some milliseconds, or by itself. */
export interface Death {
  readonly point?: string
  readonly at?: number
  readonly afterMs?: number
}

/** What a life left behind. */
export interface Life {
  readonly killed: boolean
  readonly code: number | null
  readonly stderr: string
}

/** One effect that the probe saw. */
export interface Effect {
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly id: string
}

/** One store, its probe file, and the lives of the workers on it. */
export class Lives {
  readonly store: string
  readonly #topology: string
  readonly #compiled: string | undefined
  /** True once letters are released: what was committed as a letter then has its effects. */
  releasing = false

  /** `topology`: the file of the project that the workers run. `compiled`: a folder for what Node has compiled, with which they begin sooner. */
  constructor(store: string, topology = 'topology', compiled?: string) {
    this.store = store
    this.#topology = topology
    this.#compiled = compiled
  }

  get #probe(): string {
    return join(this.store, 'probe.tsv')
  }

  /** A file that mends what bad events fail by. */
  get mend(): string {
    return join(this.store, 'fixed')
  }

  /** Runs a worker until it ends or is killed. */
  live(death: Death, preload: readonly string[] = []): Promise<Life> {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', ...preload, `${import.meta.dirname}/worker.ts`],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          STORE: this.store,
          TOPOLOGY: this.#topology,
          PROBE: this.#probe,
          FIXED: this.mend,
          CRASH_POINT: death.point ?? '',
          CRASH_AT: String(death.at ?? 1),
          ...(this.#compiled !== undefined && { NODE_COMPILE_CACHE: this.#compiled }),
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    let stderr = ''
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
    const timer =
      death.afterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), death.afterMs)
    return new Promise((resolve) => {
      child.on('close', (code, signal) => {
        clearTimeout(timer)
        resolve({ killed: signal === 'SIGKILL', code, stderr })
      })
    })
  }

  /** What the probe has seen so far. A line that a kill cut short is no effect. */
  effects(): Effect[] {
    if (!existsSync(this.#probe)) return []
    const lines = readFileSync(this.#probe, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => {
      const [, partition, offset, key, id] = line.split('\t') as [string, string, string, string, string]
      return { partition: Number(partition), offset: Number(offset), key, id }
    })
  }

  /** Whether a position is covered by what is committed. */
  async committed(): Promise<(partition: number, offset: number) => boolean> {
    const opened = await openProject({ cwd: project, project, store: this.store })
    try {
      const ledgers: { readonly frontier: number; readonly ranges: Intervals }[] = []
      for (const partition of [0, 1, 2]) {
        const position = await opened.log.committed('crash', { topic: 'in', partition })
        const ranges = decodeMetadata(position?.offset ?? 0, position?.metadata ?? '')
        ledgers.push({ frontier: position?.offset ?? 0, ranges })
      }
      return (partition, offset) =>
        offset < ledgers[partition]!.frontier || ledgers[partition]!.ranges.has(offset)
    } finally {
      await opened.close()
    }
  }

  /** The letters of a partition's parked topic, in its order: offset and key of the record that each is about. */
  async letters(): Promise<{ readonly partition: number; readonly offset: number; readonly key: string }[]> {
    const { decodeParked } = await import('../../../engine/runtime/letters.ts')
    const { plainRecord } = await import('../../../engine/component/packed-records.ts')
    const opened = await openProject({ cwd: project, project, store: this.store })
    try {
      const letters = []
      for (const partition of [0, 1, 2]) {
        const place = { topic: 'crash.in.parked', partition }
        if ((await opened.log.partitionsOf(place.topic)) === undefined) return []
        const { end } = await opened.log.bounds(place)
        for (let offset = 0; offset < end;) {
          const { records } = await opened.log.fetch(place, offset, 1000)
          for (let row = 0; row < records.count; row++) {
            const entry = decodeParked(plainRecord(records, row))
            if (entry.type !== 'letter') continue
            letters.push({
              partition,
              offset: entry.info.offset,
              key: Buffer.from(entry.record.key!).toString(),
            })
          }
          offset = records.offsets[records.count - 1]! + 1
        }
      }
      return letters
    } finally {
      await opened.close()
    }
  }

  /** Asks for every parked key to be released, as `millrace dlq release` does. */
  async releaseAll(): Promise<void> {
    const keys = new Map<string, number>()
    for (const { key, partition } of await this.letters()) keys.set(key, partition)
    const opened = await openProject({ cwd: project, project, store: this.store })
    try {
      await opened.log.append(
        [...keys].map(([key, partition]) => ({
          ...encodeCommand({ act: 'release', at: Date.now() }, Buffer.from(key)),
          topic: 'crash.in.parked',
          partition,
        })),
      )
    } finally {
      await opened.close()
    }
  }

  /** The values in a topic of the store, by partition and offset, with the records' keys. */
  async values(topic: string): Promise<{ readonly key: string; readonly value: unknown }[]> {
    const { plainRecord } = await import('../../../engine/component/packed-records.ts')
    const opened = await openProject({ cwd: project, project, store: this.store })
    try {
      const found = []
      for (let partition = 0; partition < ((await opened.log.partitionsOf(topic)) ?? 0); partition++) {
        const { end } = await opened.log.bounds({ topic, partition })
        for (let offset = 0; offset < end;) {
          const { records, next } = await opened.log.fetch({ topic, partition }, offset, 1000)
          for (let row = 0; row < records.count; row++) {
            const { key, value } = plainRecord(records, row)
            found.push({ key: String(key), value: JSON.parse(String(value)) as unknown })
          }
          offset = next
        }
      }
      return found
    } finally {
      await opened.close()
    }
  }

  /** The rows of the table: key and id, in order. */
  async rows(): Promise<string[]> {
    const opened = await openProject({ cwd: project, project, store: this.store })
    try {
      return [...opened.storedTables.dump('effects')].map((row) => rowText(row)).sort()
    } finally {
      await opened.close()
    }
  }
}

function rowText(row: unknown): string {
  const { key, id, body } = ((row as { values?: unknown }).values ?? row) as Record<string, string>
  return `${key} ${id} ${body}`
}
