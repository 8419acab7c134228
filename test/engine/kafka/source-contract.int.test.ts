// Members of both protocols keep the contract of sources.

import { KafkaLog } from '../../../engine/kafka/log.ts'
import type { KafkaMember } from '../../../engine/kafka/member.ts'
import { quicken } from '../../native/support/protocols.ts'
import { sourceContract } from '../../support/contracts/source-contract.ts'
import { sharedKafka } from '../../support/servers/shared.ts'
import { settingsFor } from './kafka-settings.ts'

/** Brokers say how often members of the newer protocol call: every five seconds, where nobody asks for more. */
class QuickLog extends KafkaLog {
  readonly bootstrap: string

  constructor(bootstrap: string, protocol: 'consumer' | 'classic') {
    const onTrouble = (sentence: string): void => console.log(sentence)
    super({ settings: settingsFor(bootstrap, { protocol }), onTrouble })
    this.bootstrap = bootstrap
  }

  override async read(group: string, topics: readonly string[]): Promise<KafkaMember> {
    await quicken(this.bootstrap, group)
    return super.read(group, topics)
  }
}

for (const protocol of ['consumer', 'classic'] as const) {
  sourceContract(`A member of a Kafka group (${protocol})`, async () => {
    const { bootstrap } = await sharedKafka()
    const log = new QuickLog(bootstrap, protocol)
    return { log, close: () => log.close() }
  })
}
