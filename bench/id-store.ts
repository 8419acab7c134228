// The id store alone: hashing, `see` with 5 % duplicates at several sizes, `seal`, memory, time bucket after time bucket,
// and restore. Prints one JSON row a scenario; times are CPU time of the process, in nanoseconds an id where not said.
import type { StateBlock } from '../engine/component/contracts/commit.ts'
import type { IdStore } from '../engine/component/contracts/state.ts'
import type { Lineage } from '../engine/component/lineage.ts'
import { bodyHash, fingerprint } from '../engine/state/fingerprint.ts'
import { createIdStore } from '../engine/state/id-store.ts'

const PER_COMMIT = 200_000
const scale = Number(process.argv[2] ?? 1)

function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

function print(scenario: string, facts: Record<string, number>): void {
  const rounded = Object.entries(facts).map(([key, value]) => [key, Number(value.toPrecision(4))])
  console.log(JSON.stringify({ scenario, ...Object.fromEntries(rounded) }))
}

/** A lineage whose records are all stored already when they are asked about. */
function settled(): Lineage {
  const nothing = (): void => {}
  return {
    retain: nothing,
    release: nothing,
    releaseAll: nothing,
    judge: nothing,
    copied: nothing,
    whenSettled: nothing,
    verdict: () => 'stored',
  }
}

function mix(n: number): number {
  let h = Math.imul(n ^ (n >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The n-th id, as a fingerprint. */
function write(store: IdStore, n: number): void {
  const { probe } = store
  probe.id0 = mix(n)
  probe.id1 = mix(n ^ 0x5bd1e995)
  probe.id2 = mix(n ^ 0x1b873593)
  probe.id3 = n
  probe.body = n
}

let blackHole = 0

// As `distinct` does: so many ids are announced, and then asked about.
const ANNOUNCED = 256
const words = new Int32Array(8 * ANNOUNCED)

/** The fingerprints of records from position `from` on, every twentieth a duplicate of some earlier one. */
function prepare(store: IdStore, from: number, count: number): void {
  const { probe } = store
  for (let k = 0; k < count; k++) {
    const n = from + k
    write(store, n % 20 === 19 ? (mix(n) >>> 0) % n : n)
    words[8 * k] = probe.id0
    words[8 * k + 1] = probe.id1
    words[8 * k + 2] = probe.id2
    words[8 * k + 3] = probe.id3
    words[8 * k + 4] = probe.body
  }
}

function sees(store: IdStore, from: number, count: number): void {
  const lineage = settled()
  const { probe } = store
  for (let first = from; first < from + count; first += ANNOUNCED) {
    const some = Math.min(ANNOUNCED, from + count - first)
    prepare(store, first, some)
    store.touch(words, some)
    for (let k = 0; k < some; k++) {
      probe.id0 = words[8 * k]!
      probe.id1 = words[8 * k + 1]!
      probe.id2 = words[8 * k + 2]!
      probe.id3 = words[8 * k + 3]!
      probe.body = words[8 * k + 4]!
      blackHole += store.see(0, first + k, lineage, 0)
    }
  }
}

function writes(store: IdStore, from: number, count: number): void {
  for (let first = from; first < from + count; first += ANNOUNCED) {
    prepare(store, first, Math.min(ANNOUNCED, from + count - first))
  }
}

const everything = { has: () => true }

/** Fills a store commit by commit; the figures are those of the last commits. */
function fill(store: IdStore, from: number, count: number, blocks: StateBlock[] = []) {
  let seeing = 0
  let sealing = 0
  const last = Math.min(count, 2 * PER_COMMIT)
  for (let done = 0; done < count; done += PER_COMMIT) {
    const size = Math.min(PER_COMMIT, count - done)
    const start = cpu()
    writes(store, from + done, size)
    const written = cpu()
    sees(store, from + done, size)
    const seen = cpu()
    blocks.push(...store.seal(everything).blocks)
    store.committed()
    if (done < count - last) continue
    seeing += seen - written - (written - start)
    sealing += cpu() - seen
  }
  return { seeNs: seeing / last, sealMsPer200k: ((sealing / last) * PER_COMMIT) / 1e6 }
}

function hashing(): void {
  const bytes = Buffer.alloc(300 * 5000).map((_, n) => mix(n))
  const { probe } = createIdStore({ name: 'bench', windowMs: 1 })
  const measure = (length: number, hash: (start: number) => void): number => {
    const start = cpu()
    for (let round = 0; round < 200; round++) for (let n = 0; n < 5000; n++) hash(n * 300)
    return (cpu() - start) / 1e6 / length
  }
  const idNs = () => measure(1, (at) => fingerprint(bytes, at, at + 36, probe))
  const bodyNs = () => measure(1, (at) => void (blackHole += bodyHash(bytes, at, at + 260)))
  idNs()
  bodyNs()
  print('hashing', { fingerprint36BytesNs: idNs(), body260BytesNs: bodyNs() })
}

function activeBucket(ids: number): void {
  const store = createIdStore({ name: 'bench', windowMs: 1000 })
  store.advance(0)
  const figures = fill(store, 1, ids)
  print('active bucket', { ids: store.size, ...figures, bytesPerId: store.bytes / store.size })
}

/** Nine time buckets one after the other, then restore from all their blocks. */
function window(perBucket: number): void {
  const store = createIdStore({ name: 'bench', windowMs: 8000, buckets: 8 })
  const blocks: StateBlock[] = []
  let figures = { seeNs: 0, sealMsPer200k: 0 }
  let rotationMs = 0
  for (let bucket = 0; bucket <= 8; bucket++) {
    const start = cpu()
    store.advance(bucket * 1000)
    rotationMs = Math.max(rotationMs, (cpu() - start) / 1e6)
    figures = fill(store, 1 + bucket * perBucket, perBucket, blocks)
  }
  const size = store.size
  print('eight old buckets', {
    ids: size,
    ...figures,
    longestRotationMs: rotationMs,
    bytesPerId: store.bytes / size,
  })
  const again = createIdStore({ name: 'bench', windowMs: 8000, buckets: 8 })
  const wall = performance.now()
  const start = cpu()
  for (const block of blocks) again.restore(block)
  const seconds = (performance.now() - wall) / 1000
  print('restore', {
    ids: again.size,
    seconds,
    cpuSeconds: (cpu() - start) / 1e9,
    bytesPerId: again.bytes / size,
  })
  const forgetting = cpu()
  again.forget(0, 2 ** 50, settled(), 0)
  print('forget, nothing found', { ids: again.size, ms: (cpu() - forgetting) / 1e6 })
}

hashing()
for (let round = 0; round < 4; round++) {
  const warm = createIdStore({ name: 'warm', windowMs: 1000 })
  for (let bucket = 0; bucket < 3; bucket++) {
    warm.advance(bucket * 125)
    fill(warm, 1 + bucket * PER_COMMIT, PER_COMMIT)
  }
}
for (const ids of [100_000, 1_000_000, 5_000_000]) activeBucket(ids * scale)
for (const ids of [600_000, 1_200_000]) window(ids * scale)
if (Number.isNaN(blackHole)) console.log(blackHole)
