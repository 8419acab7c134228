import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, existsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { randomFrom } from '../crash/workload.ts'
import { doings, mountDisk, unmountDisk, type Scene } from './faults.ts'
import { Fleet, Program } from './fleet.ts'
import type { DoneFault, Excuse, Progress } from './history.ts'
import type { PlannedFault } from './schedule.ts'
import { Steward } from './steward.ts'
import { environmentText, topologyText, type TopologyName } from './topologies.ts'
import { ChaosTopics } from './topics.ts'
import { applyTables, chaosProject, type World } from './world.ts'

/** What a run is made of. */
export interface RunPlan {
  readonly seed: number
  readonly faults: readonly PlannedFault[]
  readonly lengthMs: number
  readonly topologies: readonly TopologyName[]
  readonly workers: number
  readonly producers: number
  /** Events a second, of all producers. */
  readonly rate: number
  readonly partitions: number
  /** Share of events that fail for good until they are mended; half as many are garbage. */
  readonly bad: number
  /** How many keys each producer has; 30 if not given. */
  readonly keys?: number | undefined
  /** How long probes take for a write, milliseconds; 0 if not given. */
  readonly probeMs?: number | undefined
  readonly protocol: 'auto' | 'consumer' | 'classic'
  /** The name of a mutant (cluster/mutants.ts) that workers run with. */
  readonly mutant?: string | undefined
  /** How long it may take to come to rest when all faults are over, milliseconds. */
  readonly restMs: number
  readonly say: (sentence: string) => void
}

/** How long after a fault is over a worker may still act on what it has lost, milliseconds: two sessions. */
const graceMs = 6000

/** One run: its processes, and what is noted of it on the way. */
export class ChaosRun {
  readonly plan: RunPlan
  readonly name: string
  readonly folder: string
  readonly world: World
  readonly topics: ChaosTopics
  readonly fleet: Fleet
  readonly progress = new Map<TopologyName, Progress[]>()
  readonly ends: { readonly at: number; readonly ends: readonly number[] }[] = []
  readonly excuses: Excuse[] = []
  readonly done: DoneFault[] = []
  readonly stuck: string[] = []
  /** Workers that ended by themselves: not wrong by itself, since they are started again; told. */
  readonly alone: string[] = []
  readonly keyspace: string | undefined
  readonly #producers: Program[] = []
  readonly #steward: Steward
  readonly #mounted: string[] = []
  readonly #claimed = new Set<string>()
  #began = 0
  #watching = true
  #stewarding = true

  private constructor(
    plan: RunPlan,
    world: World,
    topics: ChaosTopics,
    place: { readonly name: string; readonly folder: string; readonly keyspace: string | undefined },
  ) {
    this.plan = plan
    this.world = world
    this.topics = topics
    this.name = place.name
    this.folder = place.folder
    this.keyspace = place.keyspace
    const parks = plan.topologies
      .filter((name) => name === 'seen' || name === 'once')
      .map((name) => ({ group: this.group(name), topic: this.name }))
    this.#steward = new Steward(topics, parks, join(this.folder, 'mended'), randomFrom(plan.seed + 1))
    this.fleet = new Fleet({
      folder: this.folder,
      env: this.#env(),
      hooks: plan.mutant === undefined ? [] : [join(import.meta.dirname, '../cluster/mutant-hook.ts')],
      endedAlone: (slot, { code, signal }, said) => {
        this.alone.push(`worker ${slot} ended with ${code ?? signal}: ${said}`)
        plan.say(this.alone.at(-1)!)
      },
    })
  }

  /** Makes topics, tables and files. */
  static async open(plan: RunPlan, world: World): Promise<ChaosRun> {
    const name = `chaos-${randomBytes(4).toString('hex')}`
    const folder = mkdtempSync(join(tmpdir(), `millrace-${name}-`))
    const replication = world.brokerProxies.length
    const topics = await ChaosTopics.open(world.kafka.listeners.internal, plan.partitions, replication)
    const keyspace = await world.cassandra?.server.newKeyspace('chaos')
    const run = new ChaosRun(plan, world, topics, { name, folder, keyspace })
    await run.#prepare(replication)
    return run
  }

  async #prepare(replication: number): Promise<void> {
    const { plan, world, name, folder, topics, keyspace } = this
    const environment = join(folder, 'environment.yaml')
    writeFileSync(
      environment,
      environmentText({
        bootstrap: world.kafka.bootstrap,
        replication,
        partitions: plan.partitions,
        protocol: plan.protocol,
        ...(world.cassandra && {
          cassandra: {
            contactPoint: world.cassandra.proxy.address,
            datacenter: world.cassandra.server.datacenter,
            keyspace: keyspace!,
          },
        }),
        ...(world.registry && {
          registryUrl: world.registry.server.url.replace(/127\.0\.0\.1:\d+/, world.registry.proxy.address),
        }),
      }),
    )
    for (const topology of plan.topologies)
      writeFileSync(join(folder, `${topology}.yaml`), topologyText(topology, { run: name, folder }))
    const made = [
      name,
      ...plan.topologies.filter((one) => one === 'once' || one === 'sums').map((one) => `${name}.${one}.out`),
    ]
    for (const topic of made)
      await topics.admin.createTopic(topic, { partitions: plan.partitions, replication })
    mkdirSync(join(folder, 'state-0'), { recursive: true })
    if (world.cassandra !== undefined) await applyTables(environment, join(folder, 'state-0'))
  }

  #env(): Record<string, string> {
    const { plan, folder, name, world } = this
    return {
      TOPOLOGIES: plan.topologies.map((one) => join(folder, `${one}.yaml`)).join(','),
      ENVIRONMENT: join(folder, 'environment.yaml'),
      PROJECT: chaosProject,
      MENDED: join(folder, 'mended'),
      MUTANT: plan.mutant ?? '',
      PROBE_MS: String(plan.probeMs ?? 0),
      TOPIC: name,
      BOOTSTRAP: world.kafka.bootstrap,
    }
  }

  group(name: TopologyName): string {
    return `${this.name}.${name}`
  }

  probeOf(name: TopologyName): string {
    return join(this.folder, `${name}.tsv`)
  }

  ledgerOf(n: number): string {
    return join(this.folder, `ledger-${n}.jsonl`)
  }

  /** Begins, does the faults, heals everything, and waits until all is at rest. All processes have ended then. */
  async play(): Promise<void> {
    const { plan } = this
    this.#began = Date.now()
    this.#mountDisk()
    for (let n = 0; n < plan.producers; n++) this.#startProducer(n)
    for (let slot = 1; slot <= plan.workers; slot++) this.fleet.start(slot)
    const watched = this.#watch()
    const stewarded = this.#stewards()
    await Promise.all(plan.faults.map((fault) => this.#inflict(fault)))
    await wait(Math.max(0, plan.lengthMs - (Date.now() - this.#began)))
    this.#heal()
    await this.#endProducers()
    this.#stewarding = false
    await stewarded
    await this.#rest()
    this.#watching = false
    await watched
    this.stuck.push(...(await this.fleet.stopAll(60_000)))
  }

  #mountDisk(): void {
    const state = this.fleet.stateOf(1)
    mkdirSync(state, { recursive: true })
    if (!this.plan.faults.some(({ kind }) => kind === 'worker-disk') || !mountDisk(state)) return
    this.#mounted.push(state)
    process.once('exit', this.#unmount)
  }

  readonly #unmount = (): void => {
    for (const folder of this.#mounted.splice(0)) unmountDisk(folder)
  }

  get #elapsed(): number {
    return Date.now() - this.#began
  }

  async #inflict(fault: PlannedFault): Promise<void> {
    await wait(Math.max(0, fault.at - this.#elapsed))
    const at = this.#elapsed
    try {
      const target = await doings[fault.kind](this.#scene, fault)
      if (target === undefined) return
      this.plan.say(
        `${(at / 1000).toFixed(1)} s: ${fault.kind} of ${target}, ${((this.#elapsed - at) / 1000).toFixed(1)} s`,
      )
      this.done.push({ kind: fault.kind, at, healedAt: this.#elapsed, target })
    } catch (error) {
      this.stuck.push(`${fault.kind} could not be undone: ${String(error)}`)
    }
  }

  get #scene(): Scene {
    return {
      world: this.world,
      fleet: this.fleet,
      producers: { running: this.#producers, restart: (n, awayMs) => this.#restartProducer(n, awayMs) },
      smallDisks: new Set(this.#mounted.length > 0 ? [1] : []),
      excuse: (pid) => this.#excuse(pid),
      claim: (what) => !this.#claimed.has(what) && this.#claimed.add(what) !== undefined,
      free: (what) => void this.#claimed.delete(what),
    }
  }

  #excuse(pid: number): () => void {
    const sizes = (): number[] => this.plan.topologies.map((name) => sizeOf(this.probeOf(name)))
    const from = sizes()
    return () =>
      void wait(graceMs).then(() => {
        for (const [n, until] of sizes().entries())
          this.excuses.push({ pid, group: this.plan.topologies[n]!, from: from[n]!, until })
      })
  }

  /** Nothing is wrong with any server any more, nor with a clock or a disk. */
  #heal(): void {
    const { brokerProxies, cassandra, registry } = this.world
    for (const proxy of [...brokerProxies, cassandra?.proxy, registry?.proxy]) proxy?.pass()
  }

  #startProducer(n: number): void {
    const { plan, folder } = this
    this.#producers[n] = new Program({
      module: 'producer.ts',
      log: join(folder, `producer-${n}-${this.#elapsed}.log`),
      env: {
        ...this.#env(),
        STATE: join(folder, 'state-0'),
        LEDGER: this.ledgerOf(n),
        WHO: String(n),
        SEED: String(plan.seed),
        RATE: String(plan.rate / plan.producers),
        KEYS: String(plan.keys ?? 30),
        BAD: String(plan.bad),
      },
    })
  }

  async #restartProducer(n: number, awayMs: number): Promise<void> {
    await this.#producers[n]!.kill()
    await wait(awayMs)
    this.#startProducer(n)
  }

  async #endProducers(): Promise<void> {
    for (const [n, producer] of this.#producers.entries()) {
      const ended = await Promise.race([producer.stop(), wait(90_000, undefined, { ref: false })])
      if (ended?.code !== 0) this.stuck.push(`producer ${n} did not end in order: see ${producer.log}`)
    }
  }

  /** Notes again and again what is committed, and what there is. */
  async #watch(): Promise<void> {
    const groups = this.plan.topologies
    for (const name of groups) this.progress.set(name, [])
    while (this.#watching) {
      try {
        const at = this.#elapsed
        this.ends.push({ at, ends: await this.topics.ends(this.name) })
        for (const name of groups) {
          const committed = await this.topics.committed(this.group(name), this.name)
          this.progress.get(name)!.push({ at, committed, bytes: sizeOf(this.probeOf(name)) })
        }
      } catch {
        // The brokers are away.
      }
      await wait(500)
    }
  }

  async #stewards(): Promise<void> {
    while (this.#stewarding) {
      for (let n = 0; n < 8 && this.#stewarding; n++) await wait(500)
      if (this.#stewarding) await this.#steward.round()
    }
  }

  /** Until everything is committed and no letter is open. */
  async #rest(): Promise<void> {
    const deadline = Date.now() + this.plan.restMs
    const from = Date.now()
    let left = ''
    while (Date.now() < deadline) {
      left = await this.#left().catch((error: unknown) => String(error))
      if (left === '') return this.plan.say(`at rest after ${((Date.now() - from) / 1000).toFixed(1)} s`)
      await wait(1000)
    }
    this.stuck.push(`it did not come to rest in ${this.plan.restMs / 1000} s: ${left}`)
  }

  /** What is not done yet, a sentence; '' where all is. */
  async #left(): Promise<string> {
    const ends = await this.topics.ends(this.name)
    for (const name of this.plan.topologies) {
      const committed = await this.topics.committed(this.group(name), this.name)
      const behind = committed.findIndex(({ frontier }, partition) => frontier < ends[partition]!)
      if (behind >= 0)
        return `${name} has committed ${committed[behind]!.frontier} of ${ends[behind]} in partition ${behind}`
    }
    const open = await this.#steward.finish()
    return open === 0 ? '' : `${open} letters and commands are open`
  }

  /** Ends what is left, and removes the folder unless it is to be kept. */
  async close({ keep = false } = {}): Promise<void> {
    this.#watching = false
    this.#stewarding = false
    await this.fleet.close()
    await Promise.all(this.#producers.map((producer) => producer.kill()))
    await this.topics.close()
    process.off('exit', this.#unmount)
    this.#unmount()
    if (!keep) rmSync(this.folder, { recursive: true, force: true })
  }
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0
}
