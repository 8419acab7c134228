import type { DirectoryRegistry } from '../engine/avro/directory-registry.ts'
import type { Schemas } from '../engine/component/contracts/sink.ts'
import type { CatalogueTopic } from '../engine/config/catalogue.ts'
import type { Target } from './delivery.ts'

/** Where a producer writes, and what it knows of that. */
export interface Place {
  readonly files: DirectoryRegistry
  readonly topics: ReadonlyMap<string, CatalogueTopic>
  readonly schemas: Pick<Schemas, 'encoder'>
  readonly target: Target
  /** Sees to it that the topic is there. Rejects with TOPIC_UNKNOWN (fatal); passes where nobody can tell. */
  ensure(topic: string): Promise<void>
  close(): Promise<void>
}

/** What a project says, wherever its topics are. */
export interface ProjectFacts {
  readonly files: DirectoryRegistry
  readonly topics: ReadonlyMap<string, CatalogueTopic>
  readonly trouble: (sentence: string) => void
  /** After so long without an answer brokers count as away. */
  readonly patienceMs: number
}
