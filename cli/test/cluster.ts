import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../engine/component/contracts/clock.ts'
import type { StateBlock, StoreRef, TaskRef } from '../../engine/component/contracts/commit.ts'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import { fatalError, MillraceError } from '../../engine/errors.ts'
import type { KafkaAdmin } from '../../engine/kafka/admin.ts'
import type { LetterCommand } from '../../engine/runtime/letters.ts'
import type { JoinRequest, Membership } from '../../engine/runtime/worker-options.ts'
import type { Place, Places } from '../../engine/testing/place.ts'
import { tablesOfPlan } from '../../engine/topology/plan-facts.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { HeldTopics } from '../positions/held-topics.ts'
import { openAdmin } from '../cluster/kafka-admin.ts'
import { Prefix } from '../cluster/prefix.ts'
import { PrefixedBackend } from '../cluster/prefixed-backend.ts'
import { PrefixedLog, type MakeTopic } from '../cluster/prefixed-log.ts'
import type { PrefixedReader } from '../cluster/prefixed-reader.ts'
import { openProject, type Project } from '../project/project.ts'
import { showValue } from '../terminal/stored-value.ts'
import { versionsOf } from './versions.ts'
import { openKeyspace, type TestKeyspace } from './keyspace.ts'
import type { PlaceOptions } from './place.ts'

/** Brokers are waited for so long in real time, while the clock of the case stands still: milliseconds. */
const patienceMs = 30_000

/** How often, and with which pause in milliseconds, a group is tried to be deleted whose last member is leaving. */
const groupTries = 50
const groupPauseMs = 200

/** A poll waits so long in real time for something to tell, milliseconds. */
const pollMs = 5

/**
 * Places in a cluster: topics, groups and a keyspace under names of their own, which are gone when it is over. Schemas are
 * those of schemas/: nothing is registered.
 */
export async function openClusterPlaces(
  options: PlaceOptions,
  { plan, environment }: { readonly plan: TopologyPlan; readonly environment: EnvironmentConfig },
): Promise<Places> {
  const name = `millrace-test-${randomBytes(4).toString('hex')}`
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const { registry: _, ...rest } = environment
  const scratch = { ...rest, state: { dir: folder } }
  const keyspace =
    tablesOfPlan(plan).length === 0
      ? undefined
      : await openKeyspace(options, scratch, name.replaceAll('-', '_'))
  const project = await openProject({ ...options, environment: keyspace?.environment ?? scratch })
  const admin = await openAdmin(environment)
  let cases = 0
  return {
    limits: ['revoke', 'lose', 'commit: lost'],
    async open(clock) {
      await keyspace?.empty()
      return new ClusterPlace({
        project,
        keyspace,
        admin,
        environment,
        clock,
        prefix: new Prefix(`${name}-${++cases}.`),
      })
    },
    async close() {
      const names = [...(await admin.topics()).keys()].filter((topic) => topic.startsWith(name))
      for (const topic of names) await unlessGone(() => admin.deleteTopics([topic]))
      await project.close()
      await keyspace?.close()
      await admin.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Parts {
  readonly project: Project
  readonly keyspace: TestKeyspace | undefined
  readonly admin: KafkaAdmin
  readonly environment: EnvironmentConfig
  readonly clock: Clock
  readonly prefix: Prefix
}

class ClusterPlace implements Place {
  readonly environment: Place['environment']
  readonly patienceMs = patienceMs
  readonly pollMs = pollMs
  readonly #parts: Parts
  readonly #log: PrefixedLog
  readonly #topics: HeldTopics
  readonly #groups = new Set<string>()
  #readers: PrefixedReader[] = []
  #memberships: Membership[] = []

  constructor(parts: Parts) {
    const { project, prefix, clock } = parts
    this.#parts = parts
    this.#log = new PrefixedLog(project.log, prefix, this.#make, () => undefined)
    this.#topics = new HeldTopics(this.#log, clock)
    this.environment = {
      clock,
      log: this.#log,
      tables: project.tables,
      schemas: project.schemas,
      join: (request) => this.#join(request),
      notes: (group, node) => project.notes(group, node),
      print: () => undefined,
    }
  }

  /** The times of a case are long ago or far ahead: nothing is deleted or refused for them. */
  readonly #make: MakeTopic = async (name, { partitions = 1 }) => {
    const { admin, environment } = this.#parts
    const { replication, minInsync } = environment.kafka.topics
    const configs = {
      'retention.ms': '-1',
      'message.timestamp.before.max.ms': String(Number.MAX_SAFE_INTEGER),
      'message.timestamp.after.max.ms': String(Number.MAX_SAFE_INTEGER),
      ...(minInsync !== undefined && { 'min.insync.replicas': String(minInsync) }),
    }
    await admin.createTopic(name, { partitions, replication, configs })
  }

  async #join(request: JoinRequest): Promise<Membership> {
    const { project, prefix } = this.#parts
    const group = prefix.to(request.group)
    this.#groups.add(group)
    const drives = request.drives.map((topics) => topics.map((topic) => prefix.to(topic)))
    const membership = await project.join({ ...request, group, drives })
    this.#memberships.push(membership)
    const log = new PrefixedLog(membership.log, prefix, this.#make, (reader) => this.#readers.push(reader))
    const backend = new PrefixedBackend(membership.backend, prefix)
    return { log, backend, close: () => membership.close() }
  }

  /** Whoever lived before has left: a broker would keep the partitions of a dead member for the time of its session. */
  async begins(): Promise<void> {
    const [readers, memberships] = [this.#readers, this.#memberships]
    this.#readers = []
    this.#memberships = []
    for (const reader of readers) await reader.close()
    for (const membership of memberships) await membership.close()
  }

  async behind(): Promise<boolean> {
    for (const reader of this.#readers) if (await reader.behind()) return true
    return false
  }

  records(topic: string): ReturnType<Place['records']> {
    return this.#topics.records(topic)
  }

  async state({ group, partition }: TaskRef, { name, kind }: StoreRef): Promise<StateBlock[]> {
    const [{ changelogTopic }, { changelogFormat }] = await Promise.all([
      import('../../engine/kafka/changelogs.ts'),
      import('../../engine/state/changelog-format.ts'),
    ])
    const topic = changelogTopic(group, name)
    if ((await this.#log.partitionsOf(topic)) === undefined) return []
    const records = await this.#topics.partition(topic, partition)
    const changes = records.map(({ key, value }) => ({ key: key ?? new Uint8Array(0), value }))
    return changelogFormat(kind).blocks(name, changes)
  }

  rows(table: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { keyspace } = this.#parts
    if (keyspace === undefined)
      throw fatalError('TABLE_UNKNOWN', `The topology uses no table, and the case asks for ${table}.`)
    return keyspace.rows(table)
  }

  letters(group: string, topic: string): ReturnType<Place['letters']> {
    return this.#topics.letters(group, topic)
  }

  command(group: string, topic: string, key: string, act: LetterCommand['act']): Promise<boolean> {
    return this.#topics.command(group, topic, key, act)
  }

  versions(...names: Parameters<Place['versions']>): ReturnType<Place['versions']> {
    return versionsOf(this.#parts.project, names)
  }

  async decode(value: Uint8Array): Promise<unknown> {
    return (await showValue(this.#parts.project, value)).value
  }

  async close(): Promise<void> {
    await this.begins()
    for (const group of this.#groups) await this.#deleteGroup(group)
  }

  /** A member that has left may be there for a moment; a group that is never empty goes with its offsets, in some days. */
  async #deleteGroup(group: string): Promise<void> {
    for (let tries = 0; tries < groupTries; tries++) {
      try {
        await this.#parts.admin.deleteGroup(group)
        return
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'GROUP_BUSY') throw error
        await new Promise((resolve) => setTimeout(resolve, groupPauseMs))
      }
    }
  }
}

/** What somebody else has deleted already is deleted. */
async function unlessGone(deletion: () => Promise<void>): Promise<void> {
  try {
    await deletion()
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'TOPIC_UNKNOWN') throw error
  }
}
