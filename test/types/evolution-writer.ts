// A service of one release: it writes orders, one after the other, until it is told to stop (a line on standard input), and says
// how many those were.
import { setTimeout as wait } from 'node:timers/promises'
import { openProducer } from '../../producer/producer.ts'

const { PROJECT, ENVIRONMENT, SCHEMA, PREFIX, DATA } = process.env as Record<string, string>

const producer = await openProducer({ source: 'orders', project: PROJECT!, environment: ENVIRONMENT! })
let stopped = false
process.stdin.once('data', () => (stopped = true))

let n = 0
while (!stopped) {
  n++
  const data = JSON.parse(DATA!.replaceAll('$N', String(n))) as object
  const eventId = `0000000${PREFIX}-0000-4000-8000-${String(n).padStart(12, '0')}`
  // Three sessions, each with numbers of its own.
  const metadata = { sessionId: `${PREFIX}-${n % 3}`, sessionSeq: n }
  await producer.write(SCHEMA!, { eventId, data, metadata })
  if (n === 1) console.log('writing')
  await wait(20)
}
console.log(`wrote ${n}`)
await producer.close()
process.exit(0)
