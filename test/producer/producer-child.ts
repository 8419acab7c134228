// A service that writes as fast as its records are safe, and notes each of them in a file after that: what it has promised.
import { appendFileSync } from 'node:fs'
import { openProducer } from '../../producer/producer.ts'
import type { ShopTypes } from './producer-project.ts'

const { PROJECT, ENVIRONMENT, SPOOL, LEDGER, FROM, COUNT } = process.env as Record<string, string>

const producer = await openProducer<ShopTypes>({
  source: 'order-service',
  project: PROJECT!,
  environment: ENVIRONMENT!,
  spool: { folder: SPOOL! },
  limits: { records: 500 },
  awayAfter: '300ms',
})

// As a service ends that is told to: without waiting for brokers that may be away for long.
let isEnding = false
process.once('SIGTERM', () => {
  isEnding = true
  void producer.close(100).then(() => process.exit(0))
})

const write = async (session: number): Promise<void> => {
  for (let n = 0; n < Number(COUNT) && !isEnding; n++) {
    const sessionSeq = Number(FROM) + n
    const eventId = `s-${session}/${sessionSeq}`
    const metadata = { sessionId: `s-${session}`, sessionSeq }
    const safety = await producer.accept('shop.orders.OrderCreated', {
      eventId,
      data: { orderId: eventId },
      metadata,
    })
    appendFileSync(LEDGER!, `${eventId} ${safety.in}\n`)
  }
}

await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(write)).catch((error: unknown) => {
  if (!isEnding) throw error
})
await producer.close(60_000)
appendFileSync(LEDGER!, `end ${JSON.stringify(await producer.state().catch(() => 'closed'))}\n`)
