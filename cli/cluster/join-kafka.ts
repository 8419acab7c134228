import { randomUUID } from 'node:crypto'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import type { KafkaAdmin } from '../../engine/kafka/admin.ts'
import type { KafkaLog } from '../../engine/kafka/log.ts'
import type { TokenSource } from '../../engine/kafka/oauth.ts'
import type { JoinRequest, Membership } from '../../engine/runtime/worker-options.ts'
import { MemberLog } from './member-log.ts'

/** What a membership is made of. */
export interface JoinParts {
  readonly environment: EnvironmentConfig
  readonly log: KafkaLog
  readonly admin: KafkaAdmin
  readonly tokens: TokenSource | undefined
  readonly trouble: (sentence: string) => void
}

/**
 * Joins a consumer group of Kafka: one client reads for all sources, one transactional client commits for all tasks. The
 * first poll asks the brokers, nothing here does.
 */
export async function joinKafka(parts: JoinParts, request: JoinRequest): Promise<Membership> {
  const { environment, log, admin, tokens, trouble } = parts
  const { kafka, state } = environment
  const { group, drives, stateful } = request
  const [{ KafkaMember }, { Transactions }, { Changelogs }, { KafkaCommit }, { writerSettings }, rooms] =
    await Promise.all([
      import('../../engine/kafka/member.ts'),
      import('../../engine/kafka/transactions.ts'),
      import('../../engine/kafka/changelogs.ts'),
      import('../../engine/kafka/commit.ts'),
      import('../../engine/kafka/writer-settings.ts'),
      stateRoom(),
    ])
  const growth = stateful ? 'fail' : 'follow'
  const oauth = tokens === undefined ? {} : { tokens }
  const member = await KafkaMember.open({
    settings: kafka,
    group,
    drives,
    growth,
    onTrouble: trouble,
    ...oauth,
  })
  const transactions = new Transactions({
    settings: writerSettings(kafka, `millrace-${group}-${kafka.instance ?? randomUUID()}`),
    ...oauth,
    untilEnded: (id) => admin.untilEnded(id),
  })
  const changelogs = new Changelogs({ log, admin, dir: state.dir, trouble, ...rooms })
  const backend = new KafkaCommit({ member, transactions, changelogs })
  return { log: new MemberLog(log, member), backend, close: () => backend.close() }
}

/** How state lies in changelogs and in local copies. */
async function stateRoom() {
  const [{ changelogFormat }, { openLocalState }] = await Promise.all([
    import('../../engine/state/changelog-format.ts'),
    import('../../engine/state/local-state.ts'),
  ])
  return { format: changelogFormat, openLocal: openLocalState }
}
