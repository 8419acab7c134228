// Waits for what brokers do a moment after they have answered: each applies changes of the cluster by itself, and transactions
// are ended in their partitions after their commit was answered.

import { setTimeout as wait } from 'node:timers/promises'
import type { CreateAclsOptions } from '@platformatic/kafka'
import { AdminConnection } from '../../../engine/kafka/admin-connection.ts'
import { topicSettings } from '../../../engine/kafka/admin-topics.ts'

/** Asks each broker by itself, until it answers as wanted. */
async function untilEach(
  addresses: readonly string[],
  what: string,
  wanted: (connection: AdminConnection) => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + 30_000
  await Promise.all(
    addresses.map(async (address) => {
      const topics = { partitions: 1, replication: 1 }
      const settings = { brokers: [address], topics, protocol: 'auto', settings: {} } as const
      const connection = await AdminConnection.open(settings, {})
      try {
        while (!(await wanted(connection))) {
          if (Date.now() > deadline) throw new Error(`test servers: ${address} does not tell of ${what}`)
          await wait(10)
        }
      } finally {
        await connection.close()
      }
    }),
  )
}

/** Until every broker tells of these settings of a topic; null is the default. */
export function untilConfigured(
  addresses: readonly string[],
  topic: string,
  configs: Readonly<Record<string, string | number | boolean | null>>,
): Promise<void> {
  return untilEach(addresses, `the settings of ${topic}`, async (connection) => {
    const now = (await topicSettings(connection, [topic])).get(topic)
    return Object.entries(configs).every(([name, value]) =>
      value === null ? now?.get(name)?.own !== true : now?.get(name)?.value === String(value),
    )
  })
}

interface Acls {
  readonly resources: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly resourcePatternType: number
    readonly acls: readonly { readonly principal: string; readonly operation: number }[]
  }[]
}

/** Until every broker lets users do this. */
export function untilAllowed(
  addresses: readonly string[],
  creations: CreateAclsOptions['creations'],
): Promise<void> {
  const any = 1
  const all = {
    ...{ resourceType: any, resourceName: null, resourcePatternType: any },
    ...{ principal: null, host: null, operation: any, permissionType: any },
  }
  return untilEach(addresses, 'what users may do', async (connection) => {
    const { resources } = await connection.request<Acls>('DescribeAcls', undefined, all)
    return creations.every(({ resourceType, resourceName, resourcePatternType, principal, operation }) =>
      resources.some(
        (one) =>
          one.resourceType === resourceType &&
          one.resourceName === resourceName &&
          one.resourcePatternType === resourcePatternType &&
          one.acls.some((acl) => acl.principal === principal && acl.operation === operation),
      ),
    )
  })
}

interface Transactions {
  readonly transactionStates: readonly {
    readonly transactionalId: string
    readonly transactionState: string
  }[]
}

/** Until the transactions of ids with this mark that were committed or aborted can be seen to be so. */
export function untilEnded(addresses: readonly string[], mark: string): Promise<void> {
  const ending = ['PrepareCommit', 'PrepareAbort']
  return untilEach(addresses, 'the end of transactions', async (connection) => {
    const { transactionStates } = await connection.request<Transactions>(
      'ListTransactions',
      undefined,
      [],
      [],
      -1n,
      null,
    )
    return !transactionStates.some(
      ({ transactionalId, transactionState }) =>
        transactionalId.includes(mark) && ending.includes(transactionState),
    )
  })
}
