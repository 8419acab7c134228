// Services of one release, in a process of their own: they write their part of the shop when they are told to (a line on standard
// input), in pieces with a pause between, so that all parts are written at once.
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { openProject } from '../../../cli/project/project.ts'
import type { ValueEncoder } from '../../../engine/component/codec.ts'
import { loadEnvironment } from '../../../engine/config/environment.ts'
import type { ShopEvent } from '../../../platform/shop/shop-event.ts'
import { eventsOf, type Part } from './parts.ts'
import { ReleaseForm } from './releases.ts'

const { FOLDER, ENVIRONMENT, PART, SEED, EVENTS, BEGIN, PIECE, PAUSE_MS } = process.env as Record<
  string,
  string
>
const part = PART as Part

const environment = await loadEnvironment(ENVIRONMENT!, process.env, { root: FOLDER! })
const project = await openProject({ cwd: FOLDER!, project: FOLDER!, environment, trouble: console.error })
const form = new ReleaseForm(part === 'others' ? '2.1' : part, FOLDER!)
const encoders = new Map<string, ValueEncoder>()

async function write(events: readonly ShopEvent[]): Promise<void> {
  for (const { schema, topic } of events)
    if (!encoders.has(schema)) encoders.set(schema, await project.schemas.encoder(schema, topic))
  const records = events.map(({ topic, key, schema, event }) => {
    const value = encoders.get(schema)!.encode(event)
    return { topic, key: Buffer.from(key), value, headers: [], timestamp: event.timestamp }
  })
  await project.log.append(records)
}

const all = [...eventsOf(part, { seed: Number(SEED), events: Number(EVENTS), begin: Number(BEGIN) })].map(
  (one) => form.of(one),
)
console.log('ready')
await once(process.stdin, 'data')
const piece = Math.max(1, Math.ceil(all.length / Number(PIECE)))
for (let at = 0; at < all.length; at += piece) {
  await write(all.slice(at, at + piece))
  await wait(Number(PAUSE_MS))
}
console.log(`wrote ${all.length}`)
await project.close()
process.exit(0)
