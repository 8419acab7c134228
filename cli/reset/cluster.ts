import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import { permanentError } from '../../engine/errors.ts'
import type { KafkaAdmin } from '../../engine/kafka/admin.ts'
import { structureOf } from '../../engine/topology/structure.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { internalNames } from '../cluster/internal-names.ts'
import { openAdmin } from '../cluster/kafka-admin.ts'
import { openClusterPositions } from '../positions/cluster.ts'
import type { Positions } from '../positions/positions.ts'
import { partitionsUpTo } from '../positions/positions.ts'
import type { Project } from '../project/project.ts'
import { lettersOf, positionsOf, type StoredTopic, type Traces } from './traces.ts'

/** A topology in a cluster, to be taken back to where it had done nothing. */
export class ClusterReset {
  readonly #project: Project
  readonly #environment: EnvironmentConfig
  readonly #admin: KafkaAdmin
  readonly #positions: Positions
  readonly #plan: TopologyPlan

  private constructor(
    project: Project,
    environment: EnvironmentConfig,
    admin: KafkaAdmin,
    positions: Positions,
    plan: TopologyPlan,
  ) {
    this.#project = project
    this.#environment = environment
    this.#admin = admin
    this.#positions = positions
    this.#plan = plan
  }

  static async open(
    project: Project,
    environment: EnvironmentConfig,
    plan: TopologyPlan,
    trouble: (sentence: string) => void,
  ): Promise<ClusterReset> {
    const positions = await openClusterPositions(environment, trouble)
    return new ClusterReset(project, environment, await openAdmin(environment), positions, plan)
  }

  /** Looks for what is there. Only reads. */
  async traces(): Promise<Traces> {
    const committed = await this.#admin.committed(this.#plan.name)
    return {
      positions: await positionsOf(this.#project, this.#plan, committed),
      state: await this.#state(),
      ...(await lettersOf(this.#project, this.#plan)),
    }
  }

  async #state(): Promise<StoredTopic[]> {
    const stores = structureOf(this.#plan, await internalNames()).flatMap((part) => part.stores)
    const found: StoredTopic[] = []
    for (const { name: store, changelog: topic } of stores) {
      const partitions = await this.#admin.partitionsOf(topic)
      if (partitions === undefined) continue
      const bounds = await this.#positions.bounds(partitionsUpTo(topic, partitions))
      found.push({ store, topic, changes: bounds.reduce((sum, { first, end }) => sum + end - first, 0) })
    }
    return found
  }

  /** Who is at work, a line each. */
  members(): Promise<string[]> {
    return this.#positions.members(this.#plan.name)
  }

  /**
   * Forgets. What the broker refuses while somebody is at work comes first, so that nothing has changed then; cut short, it is
   * to be done again before a worker starts.
   *
   * @throws GROUP_BUSY (permanent)
   */
  async reset({ positions, parked, state }: Traces): Promise<void> {
    const { name } = this.#plan
    const members = await this.members()
    if (members.length > 0) {
      const who = members.length === 1 ? members[0]! : `${members.length} members, such as ${members[0]!}`
      throw permanentError('GROUP_BUSY', `The group ${name} is running (${who}): stop it first.`)
    }
    if (parked.length > 0) await this.#admin.setOffsets(name, parked)
    if (positions.length > 0) await this.#admin.deleteOffsets(name, positions)
    const topics = state.flatMap((one) => ('topic' in one ? [one.topic] : []))
    if (topics.length > 0) await this.#admin.deleteTopics(topics)
    await this.#deleteCopies(state.map(({ store }) => store))
  }

  /** Copies on this machine; those on others belong to topics that are gone, and are thrown away when they are opened. */
  async #deleteCopies(stores: readonly string[]): Promise<void> {
    const { localFolder } = await import('../../engine/state/local-state.ts')
    const { dir } = this.#environment.state
    for (const store of stores) {
      const folder = dirname(localFolder({ dir, group: this.#plan.name, store, partition: 0 }))
      rmSync(folder, { recursive: true, force: true })
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#positions.close(), this.#admin.close()])
  }
}
