import type { DirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import type { SchemaRegistry } from '../../engine/avro/registry.ts'
import type { RegistryCounts } from '../../engine/avro/registry-counts.ts'
import type { ServerRegistry } from '../../engine/avro/registry-server.ts'
import type { CommitBackend } from '../../engine/component/contracts/commit.ts'
import type { Schemas } from '../../engine/component/contracts/sink.ts'
import type { Notes } from '../../engine/component/contracts/source.ts'
import type { Tables } from '../../engine/component/contracts/tables.ts'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import type { NamedRead } from '../../engine/cql/named-reads.ts'
import type { Catalogue } from '../../engine/cql/schema.ts'
import type { Embedded } from '../../engine/embedded/embedded.ts'
import type { EmbeddedTables } from '../../engine/embedded/tables.ts'
import { fatalError, type MillraceError } from '../../engine/errors.ts'
import type { KafkaAdmin } from '../../engine/kafka/admin.ts'
import type { KafkaLog } from '../../engine/kafka/log.ts'
import type { TokenSource } from '../../engine/kafka/oauth.ts'
import type { JoinRequest, Membership } from '../../engine/runtime/worker-options.ts'
import { openRegistryOf, schemasOf } from '../../project/schemas.ts'
import { clusterTables, type OpenTables } from './cluster-tables.ts'
import { joinKafka } from '../cluster/join-kafka.ts'
import { ProjectDefinitions } from './definitions.ts'
import type { Project, ProjectLog, ProjectOptions } from './contract.ts'

/** A project in a cluster: topics in Kafka, tables in Cassandra, schemas in a registry or, without one, in schemas/. */
export async function openClusterProject(
  options: ProjectOptions,
  environment: EnvironmentConfig,
): Promise<Project> {
  const definitions = new ProjectDefinitions(options)
  const [{ KafkaLog }, { KafkaAdmin }, { tokensOf }] = await Promise.all([
    import('../../engine/kafka/log.ts'),
    import('../../engine/kafka/admin.ts'),
    import('../../engine/kafka/oauth.ts'),
  ])
  const { kafka } = environment
  const tokens = tokensOf(kafka)
  const trouble = options.trouble ?? (() => undefined)
  const log = new KafkaLog({ settings: kafka, onTrouble: trouble, ...(tokens && { tokens }) })
  const admin = await KafkaAdmin.open(kafka, tokens && { token: async () => (await tokens.token()).value })
  const registry = await openRegistryOf(environment, () => definitions.registryIfAny(), trouble)
  return new ClusterProject({ definitions, environment, log, admin, tokens, registry, trouble })
}

interface ClusterParts {
  readonly definitions: ProjectDefinitions
  readonly environment: EnvironmentConfig
  readonly log: KafkaLog
  readonly admin: KafkaAdmin
  readonly tokens: TokenSource | undefined
  readonly registry: ServerRegistry | undefined
  readonly trouble: (sentence: string) => void
}

class ClusterProject implements Project {
  readonly root: string
  readonly storeDir: string
  readonly hasStore = true
  readonly environment: EnvironmentConfig
  readonly log: ProjectLog
  readonly #parts: ClusterParts
  #schemas: Promise<Schemas> | undefined
  #tables: OpenTables | undefined

  constructor(parts: ClusterParts) {
    this.#parts = parts
    this.environment = parts.environment
    this.root = parts.definitions.root
    this.storeDir = parts.environment.state.dir
    const { admin } = parts
    this.log = Object.assign(parts.log, { topicNames: async () => [...(await admin.topics()).keys()].sort() })
  }

  get catalogue(): Catalogue {
    return this.#parts.definitions.catalogue
  }

  get embedded(): Embedded {
    throw this.#embeddedOnly()
  }

  get backend(): CommitBackend {
    throw this.#embeddedOnly()
  }

  get storedTables(): EmbeddedTables {
    throw this.#embeddedOnly()
  }

  get schemas(): Schemas {
    return {
      encoder: async (schema, topic) => (await this.#openSchemas()).encoder(schema, topic),
      codec: async (schema, topic, others) => (await this.#openSchemas()).codec(schema, topic, others),
    }
  }

  get tables(): Tables {
    this.#tables ??= clusterTables(this.environment, this.catalogue)
    return this.#tables.tables
  }

  /** A source that reads no topic would be owned by one worker of many, which is not built yet. */
  notes(_group: string, node: string): Notes {
    const refuse = (): never => {
      throw fatalError(
        'CONFIG_INVALID',
        `Source ${node} reads no topic, and keeps its place in the embedded store: run it without --env, into a topic.`,
      )
    }
    return { get: refuse, set: refuse }
  }

  registry(): Promise<DirectoryRegistry> {
    return this.#parts.definitions.registry()
  }

  valueRegistry(): Promise<SchemaRegistry> {
    const { registry } = this.#parts
    return registry === undefined ? this.registry() : Promise.resolve(registry)
  }

  get registryCounts(): RegistryCounts | undefined {
    return this.#parts.registry?.counts
  }

  readNames(): string[] {
    return this.#parts.definitions.readNames()
  }

  namedRead(name: string): NamedRead {
    return this.#parts.definitions.namedRead(name)
  }

  acquireWorkerLock(): void {
    // A consumer group has as many workers as it likes.
  }

  join(request: JoinRequest): Promise<Membership> {
    return joinKafka(this.#parts, request)
  }

  tidy(): void {
    // Brokers and Cassandra look after themselves.
  }

  async close(): Promise<void> {
    const { log, admin, registry } = this.#parts
    registry?.close()
    await Promise.all([log.close(), admin.close(), this.#tables?.close()])
  }

  #openSchemas(): Promise<Schemas> {
    const { registry, trouble, definitions } = this.#parts
    this.#schemas ??= schemasOf(registry, () => definitions.registry(), trouble)
    return this.#schemas
  }

  #embeddedOnly(): MillraceError {
    return fatalError(
      'CONFIG_INVALID',
      `This is about the embedded store: leave --env ${this.environment.name} out.`,
    )
  }
}
