import { append } from './append.ts'

/** One event of the crash tests. */
export interface CrashEvent {
  readonly id: string
  readonly key: string
  /** Event time, milliseconds since 1970. */
  readonly at: number
  readonly body: string
  /** Fails for good, until it is mended. */
  readonly bad: boolean
  /** Fails at its first attempt in each life. */
  readonly wobbly: boolean
  readonly slow: boolean
}

/** An event, and where it was written. */
export interface Written extends CrashEvent {
  readonly partition: number
  readonly offset: number
}

const start = Date.UTC(2026, 0, 1)

/** A reproducible sequence of numbers from 0 to 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Makes events: 60 keys, one in fifteen sent again, a few bad, wobbly or slow ones; two seconds apart. */
export function makeEvents(seed: number, count: number): CrashEvent[] {
  const random = randomFrom(seed)
  const events: CrashEvent[] = []
  for (let n = 0; n < count; n++) {
    const earlier = events[events.length - 1 - Math.floor(random() * 200)]
    if (random() < 1 / 15 && earlier !== undefined) {
      events.push({ ...earlier, at: start + n * 2000 })
      continue
    }
    const key = `key-${Math.floor(random() * 60)}`
    const bad = random() < 0.004
    const wobbly = random() < 0.01
    const slow = random() < 0.02
    events.push({ id: `id-${n}`, key, at: start + n * 2000, body: `body of ${n}`, bad, wobbly, slow })
  }
  return events
}

/** Writes the events into the topic `in` of a new store; answers where each went. */
export async function writeEvents(store: string, events: readonly CrashEvent[]): Promise<Written[]> {
  // A duplicate has the same body: the time at which it was sent is not part of it.
  const told = events.map((event) => ({ key: event.key, value: { ...event, at: undefined }, at: event.at }))
  const places = await append(store, 'in', told)
  return events.map((event, n) => ({ ...event, ...places[n]! }))
}
