import type { Broker } from '@platformatic/kafka'
import type { AdminConnection } from './admin-connection.ts'
import { isAnswer } from './admin-errors.ts'
import { waitUntil } from './bounded-wait.ts'

/** How long it is waited, and how often it is looked, milliseconds. */
const patience = { withinMs: 3000, lookAgainMs: 10 }

/** As far as the answer is read. */
interface Described {
  readonly transactionStates: readonly { readonly transactionState: string }[]
}

/**
 * Resolves when what the last transaction of this id was to do has been done: brokers answer a commit or an abort once they have
 * written down that it is to happen, and end it in the partitions a moment later (KIP-98). Until then readers of committed records do
 * not get beyond it, and the group's positions are those of before. Gives up, without an error, after three seconds, and where
 * nobody can tell.
 */
export async function untilEnded(connection: AdminConnection, transactionalId: string): Promise<void> {
  await waitUntil(async () => !(await isEnding(connection, transactionalId)), patience)
}

function isEnding(connection: AdminConnection, transactionalId: string): Promise<boolean> {
  const what = `The transaction of ${transactionalId} cannot be described`
  return connection.ask(what, 'Describe', async (admin) => {
    const ofTransactions = 1
    try {
      const [found] = await admin.findCoordinator({ keyType: ofTransactions, keys: [transactionalId] })
      const coordinator: Broker = { host: found!.host, port: found!.port }
      const { transactionStates } = await connection.request<Described>('DescribeTransactions', coordinator, [
        transactionalId,
      ])
      return transactionStates.some(({ transactionState }) => transactionState.startsWith('Prepare'))
    } catch (error) {
      if (isAnswer(error, 'TRANSACTIONAL_ID_NOT_FOUND')) return false
      throw error
    }
  })
}
