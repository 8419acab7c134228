// A producer of a chaos run: makes events at a rate until SIGTERM, and keeps a ledger. Each attempt is on disk before it is
// sent, its outcome after it is known. What failed, or may have, is sent again as what it was, under a new attempt, as a relay
// with an outbox does; so is, at times, what has long been written. A producer that was killed goes on where its ledger ends.
import { appendFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { openEnvironment } from '../../../cli/project/environment-file.ts'
import { openProject } from '../../../cli/project/project.ts'
import { packBatch } from '../../../engine/component/outgoing.ts'
import { Writer } from '../../../native/writer.ts'
import { randomFrom } from '../crash/workload.ts'
import type { Action, ChaosEvent } from './history.ts'
import { readLedger, type LedgerLine } from './ledger.ts'

const { TOPIC, ENVIRONMENT, PROJECT, LEDGER, BOOTSTRAP, SEED, RATE, WHO, KEYS, BAD } = process.env as Record<
  string,
  string
>

const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())
process.stdin.on('end', () => process.exit(1)).resume()

const random = randomFrom(Number(SEED) * 1000 + Number(WHO) + Date.now())
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
const keys = Array.from({ length: Number(KEYS) }, (_, n) => `key-${WHO}-${n}`)
const garbageBytes = Buffer.from('this is no event')

const past = readLedger(LEDGER!)
const sequences = new Map<string, number>()
/** What is to be sent again. */
const again: ChaosEvent[] = []
const recent: ChaosEvent[] = []
let attempts = past.length
// The kill may have cut its last line short.
if (attempts > 0) appendFileSync(LEDGER!, '\n')
for (const { attempt: _, outcome, partition: _p, offset: _o, ...event } of past) {
  sequences.set(event.key, Math.max(sequences.get(event.key) ?? 0, event.seq))
  if (outcome !== 'ok') again.push(event)
}

function newEvent(): ChaosEvent {
  const dice = random()
  const key = pick(keys)
  const bad = Number(BAD)
  if (dice < bad / 2)
    return { id: `garbage-${WHO}-${attempts}`, key, seq: 0, value: 0, action: 'garbage', at: Date.now() }
  const seq = (sequences.get(key) ?? 0) + 1
  sequences.set(key, seq)
  return {
    id: `${key}-${seq}`,
    key,
    seq,
    value: seq % 7,
    action: actionOf(dice - bad / 2, bad),
    at: Date.now(),
  }
}

function actionOf(dice: number, bad: number): Action {
  if (dice < bad) return 'bad'
  if (dice < bad + 0.005) return 'wobble'
  return dice < bad + 0.02 ? 'slow' : 'plain'
}

/** One in twenty is an old one, sent again. */
function nextEvents(count: number): ChaosEvent[] {
  const events = again.splice(0, count)
  while (events.length < count) {
    const old = recent.length > 0 && random() < 0.05 ? pick(recent) : undefined
    const event = old ?? newEvent()
    if (old === undefined && event.action !== 'garbage') recent.push(event)
    events.push(event)
  }
  if (recent.length > 2000) recent.splice(0, 1000)
  return events
}

const note = (lines: readonly LedgerLine[]): void =>
  appendFileSync(LEDGER!, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))

const environment = await openEnvironment(
  { env: ENVIRONMENT! },
  { cwd: process.cwd(), root: PROJECT!, env: process.env },
)
const project = await openProject({ cwd: PROJECT!, project: PROJECT!, environment })
const encoder = await untilThere(() => project.schemas.encoder('chaos.Event', TOPIC))
const writer = await Writer.open({
  settings: { 'bootstrap.servers': BOOTSTRAP!, 'message.timeout.ms': 6000, 'request.timeout.ms': 3000 },
})

/** The registry may be away. */
async function untilThere<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      console.error(String(error))
      await wait(500)
    }
  }
}

async function send(events: readonly ChaosEvent[]): Promise<void> {
  const named = events.map((event) => ({ attempt: `${WHO}-${attempts++}`, ...event }))
  note(named.map((event) => ({ type: 'try', ...event })))
  const records = named.map(({ attempt, ...event }) => ({
    key: Buffer.from(event.key),
    value: event.action === 'garbage' ? garbageBytes : encoder.encode(event),
    headers: [
      { name: 'attempt', value: Buffer.from(attempt) },
      { name: 'id', value: Buffer.from(event.id) },
    ],
    timestamp: event.at,
  }))
  const { partitions, offsets, failed } = await writer.write(TOPIC!, packBatch(TOPIC!, records))
  const failures = new Map(failed.map((one) => [one.row, one]))
  note(
    named.map(({ attempt }, row): LedgerLine => {
      const failure = failures.get(row)
      if (failure === undefined)
        return { type: 'ok', attempt, partition: partitions[row]!, offset: offsets[row]! }
      return { type: failure.maybeWritten ? 'unknown' : 'fail', attempt, code: failure.error.code }
    }),
  )
  again.push(...failed.map(({ row }) => events[row]!))
}

console.error('produces')
const every = 100
const underWay = new Set<Promise<void>>()
while (!stopping.signal.aborted) {
  await wait(every)
  // What is not answered for is bounded, as in any client.
  if (underWay.size >= 20) continue
  const sent = send(nextEvents(Math.max(1, Math.round((Number(RATE) * every) / 1000))))
  underWay.add(sent)
  void sent.finally(() => underWay.delete(sent))
}
await Promise.all(underWay)
// At the end all that was ever made has been written.
while (again.length > 0) await send(again.splice(0, 100))
await writer.close()
await project.close()
console.error('ended')
process.exit(0)
