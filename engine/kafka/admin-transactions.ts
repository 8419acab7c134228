import type { Broker } from '@platformatic/kafka'
import type { AdminConnection } from './admin-connection.ts'
import { isAnswer } from './admin-errors.ts'

/** How long it is waited, and how often it is looked, milliseconds. */
const withinMs = 3000
const lookAgainMs = 10

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
  const deadline = performance.now() + withinMs
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs)
  })
  const ended = async (): Promise<void> => {
    while (performance.now() < deadline && (await isEnding(connection, transactionalId)))
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
  }
  try {
    await Promise.race([ended().catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
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
