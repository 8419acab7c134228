import { expect } from '@jest/globals'
import { killLeftovers } from '../cli.ts'
import { startProofKafka } from '../cluster/scenario.ts'
import { sharedCassandra } from '../servers/cassandra-shared.ts'
import { startRegistry } from '../servers/registry.ts'
import type { Facts } from './facts.ts'
import { judge } from './judge.ts'
import { mutants } from './mutants.ts'
import { PlatformRun, type PlatformPlan } from './run.ts'
import { livesOfThePlatform } from './story.ts'

/** The platform on servers of its own, and what was there when it had come to its end. */
export class PlatformStage {
  readonly run: PlatformRun
  readonly #close: () => Promise<unknown>
  #facts: Facts | undefined

  private constructor(run: PlatformRun, close: () => Promise<unknown>) {
    this.run = run
    this.#close = close
  }

  /** Topics have as many replicas as there are brokers. To be closed. */
  static async open(brokers: 1 | 3, plan: PlatformPlan): Promise<PlatformStage> {
    // Topics and subjects have the names that they have: nobody else may use these servers.
    const [kafka, registry, cassandra] = await Promise.all([
      startProofKafka({ brokers }),
      startRegistry(),
      sharedCassandra(),
    ])
    const servers = { kafka, cassandra, registry, replicas: brokers }
    const run = new PlatformRun(servers, plan, await cassandra.newKeyspace('platform'))
    return new PlatformStage(run, () => Promise.all([kafka.close(), registry.close(), cassandra.reset()]))
  }

  /** It is deployed, written to, and its workers are killed (story.ts); nothing is wrong then. */
  async expectRight(): Promise<void> {
    this.#facts = await livesOfThePlatform(this.run)
    expect(judge(this.#facts)).toEqual([])
  }

  /** The judge sees this mutant of what was there. */
  expectNoticed(mutant: string): void {
    const { change, noticed } = mutants[mutant]!
    expect(judge(change(this.#facts!)).filter((finding) => noticed.test(finding))).not.toEqual([])
  }

  async close(): Promise<void> {
    killLeftovers()
    await this.run.close()
    await this.#close()
  }
}
