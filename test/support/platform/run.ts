import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from '@jest/globals'
import { platformTopologies } from '../../../cli/demo/platform.ts'
import { Random } from '../../../platform/shop/random.ts'
import { answer, millrace, root, Running, type Ran, type RunOptions, type Summary } from '../cli.ts'
import type { CassandraAddresses } from '../servers/cassandra-node.ts'
import type { CassandraAdmin } from '../servers/cassandra-admin.ts'
import { parts, type Part } from './parts.ts'
import { layRelease } from './releases.ts'
import { collect } from './collect.ts'
import type { Facts } from './facts.ts'

const files = platformTopologies.map((name) => join('topologies', `${name}.yaml`))

/** The servers that the platform runs on. */
export interface PlatformServers {
  readonly kafka: { readonly bootstrap: string }
  readonly cassandra: CassandraAddresses & CassandraAdmin
  readonly registry: { readonly url: string }
  /** The most replicas of a topic. */
  readonly replicas: 1 | 3
}

export interface PlatformPlan {
  readonly seed: number
  /** Records of the shop. */
  readonly events: number
  /** When the shop opens, milliseconds. */
  readonly begin: number
  /** In how many pieces each writer writes, and how long it waits between. */
  readonly pieces: number
  readonly pauseMs: number
  readonly kills: number
}

/** The platform on a cluster, deployed and run by the command line alone, as a user would. */
export class PlatformRun {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-platform-'))
  readonly #servers: PlatformServers
  readonly #plan: PlatformPlan
  readonly #keyspace: string
  readonly #random: Random
  readonly #workers = new Map<number, Running>()
  /** What workers said that is no entry of the log, and how those ended that were not killed. */
  readonly odd: string[] = []

  constructor(servers: PlatformServers, plan: PlatformPlan, keyspace: string) {
    this.#servers = servers
    this.#plan = plan
    this.#keyspace = keyspace
    this.#random = new Random(plan.seed)
    writeFileSync(this.environment, environmentOf(servers, keyspace))
  }

  get environment(): string {
    return join(this.folder, 'environment.yaml')
  }

  get #variables(): { readonly env: Readonly<Record<string, string>> } {
    return { env: { STATE: join(this.folder, 'state') } }
  }

  /** Runs a command line on the cluster. */
  command(...words: readonly string[]): Promise<Ran> {
    return millrace([...words, '--env', this.environment], { ...this.#variables, cwd: root })
  }

  /** Makes topics and tables, and registers schemas: all of the project. Then there is nothing left to do. */
  async deploy(): Promise<void> {
    for (const what of ['topics', 'schemas', 'cql']) {
      const applied = await this.command(what, 'apply')
      expect({ what, code: applied.code, stderr: applied.stderr }).toEqual({ what, code: 0, stderr: '' })
      const planned = await this.command(what, 'plan')
      expect({ what, code: planned.code, stderr: planned.stderr }).toEqual({ what, code: 0, stderr: '' })
    }
  }

  /** Starts a worker of all topologies; each slot has local state of its own, which its later lives find again. */
  start(slot: number): void {
    const env = { STATE: join(this.folder, `state-${slot}`) }
    const worker = new Running(['run', ...files, '--env', this.environment], {
      cwd: root,
      env,
    })
    this.#workers.set(slot, worker)
    void worker.ended.then(({ code, signal, stderr }) => {
      // By a signal ends what was killed, and what is stopped before it has begun.
      if (signal === null && code !== 0)
        this.odd.push(`worker ${slot} ended with ${code}: ${stderr.slice(-2000)}`)
    })
  }

  /** Until it has partitions, or there are none for it. */
  async #untilReady(worker: Running): Promise<void> {
    const url = await worker.url()
    for (;;) {
      const ready = await fetch(new URL('/readyz', url)).then(
        ({ ok }) => ok,
        () => false,
      )
      if (ready) return
      if (this.odd.length > 0) throw new Error(this.odd.join('\n'))
      await wait(100)
    }
  }

  async kill(slot: number): Promise<void> {
    const worker = this.#workers.get(slot)!
    worker.kill('SIGKILL')
    await worker.ended
  }

  /** Kills workers at random moments, and starts them again; after the first time a second one joins. */
  async torment(): Promise<void> {
    this.start(1)
    for (let n = 0; n < this.#plan.kills; n++) {
      const slot = this.#random.pick([...this.#workers.keys()])
      await this.#untilReady(this.#workers.get(slot)!)
      await wait(this.#random.int(0, 3000))
      await this.kill(slot)
      this.start(slot)
      if (n === 0) this.start(2)
    }
  }

  /** Lets all parts of the shop be written, at once, by processes of their own. */
  async write(): Promise<void> {
    const writers = parts.map((part) => this.#writer(part))
    await Promise.all(writers.map((writer) => writer.until(({ stdout }) => stdout.includes('ready\n'))))
    for (const writer of writers) writer.say('go\n')
    for (const writer of writers) {
      const { code, stderr } = await writer.ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    }
  }

  #writer(part: Part): Running {
    const { seed, events, begin, pieces, pauseMs } = this.#plan
    const folder = join(this.folder, `release-${part}`)
    mkdirSync(folder, { recursive: true })
    layRelease(part === 'others' ? '2.1' : part, folder)
    const env = {
      ...{ FOLDER: folder, ENVIRONMENT: this.environment, PART: part, STATE: join(folder, 'state') },
      ...{ SEED: String(seed), EVENTS: String(events), BEGIN: String(begin) },
      ...{ PIECE: String(pieces), PAUSE_MS: String(pauseMs) },
    }
    const options: RunOptions = {
      cwd: root,
      env,
      program: join(import.meta.dirname, 'writer.ts'),
      talks: true,
    }
    return new Running([], options)
  }

  /** Stops the workers in order, and lets a last one go to the end. Answers what it did, by topology. */
  async finish(): Promise<readonly Summary[]> {
    for (const worker of this.#workers.values()) worker.kill('SIGTERM')
    await Promise.all([...this.#workers.values()].map(({ ended }) => ended))
    expect(this.odd).toEqual([])
    const words = ['run', ...files, '--env', this.environment, '--http', 'off', '--until-end', '-o', 'json']
    const ran = await new Running(words, { cwd: root, env: { STATE: join(this.folder, 'state-1') } }).ended
    // A worker that is killed when it has just begun may leave half a file: its next life says so, and does without.
    const stderr = ran.stderr.replaceAll(
      /^The local copy of the store .* it is rebuilt from the changelog\.$/gm,
      '',
    )
    return answer<readonly Summary[]>({ ...ran, stderr })
  }

  facts(): Promise<Facts> {
    const { cassandra } = this.#servers
    return collect({
      ...{ environment: this.environment, ...this.#variables },
      ...{ cassandra, keyspace: this.#keyspace },
    })
  }

  /** Versions in which events of a type were written, in the order of a partition, one after the other. */
  static alternations(facts: Facts, topic: string): number {
    const versions = facts.topics[topic]!.map(
      ({ partition, event }) => `${partition} ${String(event['eventVersion'])}`,
    )
    return versions.filter((one, n) => n > 0 && one !== versions[n - 1]).length
  }

  async close(): Promise<void> {
    for (const worker of this.#workers.values()) worker.kill('SIGKILL')
    await Promise.all([...this.#workers.values()].map(({ ended }) => ended))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Sessions are short, so that the partitions of a dead worker are given to others soon. */
function environmentOf({ kafka, cassandra, registry, replicas }: PlatformServers, keyspace: string): string {
  return `kafka:
  brokers: ${kafka.bootstrap}
  topics: { partitions: 3, replication: ${replicas}, replicationAtMost: ${replicas} }
  settings: { session.timeout.ms: 6000, heartbeat.interval.ms: 1000 }
cassandra:
  contactPoints: ['${cassandra.contactPoint}']
  datacenter: ${cassandra.datacenter}
  keyspace: ${keyspace}
  consistency: LOCAL_ONE
registry: { url: '${registry.url}', register: false }
state: { dir: '\${STATE}' }
`
}
