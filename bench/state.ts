// How fast a worker has its state back: `node bench/state.ts --ids 10000000` makes that many ids in one partition (a window
// of eight time buckets; commits of 50 to 500 ids and large ones), and restores them in processes of their own, from the
// local copy and from the blocks as a changelog holds them. Prints a JSON row for each.
import { spawnSync } from 'node:child_process'
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { StateBlock } from '../engine/component/contracts/commit.ts'
import type { LocalStateOptions } from '../engine/component/contracts/local-state.ts'
import type { Lineage } from '../engine/component/lineage.ts'
import { valueOf } from '../engine/component/packed-records.ts'
import { changelogFormat } from '../engine/state/changelog-format.ts'
import { IdBlockWriter } from '../engine/state/id-blocks.ts'
import { createIdStore } from '../engine/state/id-store.ts'
import { openLocalState } from '../engine/state/local-state.ts'

const BUCKETS = 8
const { values } = parseArgs({
  options: {
    ids: { type: 'string', default: '10000000' },
    dir: { type: 'string' },
    from: { type: 'string' },
  },
})
const count = Number(values.ids)

function mix(n: number): number {
  let h = Math.imul(n ^ (n >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Blocks as a worker seals them: half of the ids in small commits, half in large ones, over nine buckets. */
function* commits(): Generator<readonly StateBlock[]> {
  const words = new Int32Array(8)
  for (let n = 0; n < count;) {
    const size = Math.min(count - n, n % 2_000_000 < 1_000_000 ? 50 + ((mix(n) >>> 0) % 451) : 100_000)
    const writer = new IdBlockWriter('ids', Math.floor((n * (BUCKETS + 1)) / count), size)
    for (const end = n + size; n < end; n++) {
      words.set([mix(n), mix(n ^ 0x5bd1e995), mix(n ^ 0x1b873593), n, n, 0, mix(n ^ 0x27d4eb2f)])
      writer.add(words, 0, 0)
    }
    yield writer.finish()
  }
}

function localOptions(dir: string): LocalStateOptions {
  const identity = { clusterId: 'bench', topicId: 'bench' }
  return { dir, group: 'bench', store: 'ids', partition: 0, identity, tell: (text) => console.error(text) }
}

const changelogPath = (dir: string): string => join(dir, 'changelog')

async function make(dir: string): Promise<void> {
  const local = await openLocalState(localOptions(dir))
  const changelog = createWriteStream(changelogPath(dir))
  let offset = 0
  let blocks = 0
  for (const commit of commits()) {
    const packed = changelogFormat('ids').pack(commit, 0)
    for (let row = 0; row < packed.count; row++) {
      const value = valueOf(packed, row)
      const head = Buffer.alloc(8)
      head.writeUInt32LE(value!.length)
      changelog.write(head)
      if (!changelog.write(value)) await once(changelog, 'drain')
      blocks++
    }
    local.append(commit, (offset += commit.length + 1))
    if (offset % 64 === 0) await local.flush()
  }
  await local.close()
  changelog.end()
  await once(changelog, 'finish')
  const megabytes = (bytes: number): number => Math.round(bytes / 1e6)
  print('made', {
    ids: count,
    blocks,
    changelogMb: megabytes(statSync(changelogPath(dir)).size),
    localMb: megabytes(local.bytes),
  })
}

/** The records of the changelog, as a consumer might hand them over. */
async function* changelogBlocks(dir: string): AsyncGenerator<StateBlock> {
  let rest = Buffer.alloc(0)
  for await (const chunk of createReadStream(changelogPath(dir), { highWaterMark: 1 << 20 })) {
    const bytes = Buffer.concat([rest, chunk as Buffer])
    let at = 0
    while (at + 8 <= bytes.length && at + 8 + bytes.readUInt32LE(at) <= bytes.length) {
      const end = at + 8 + bytes.readUInt32LE(at)
      const record = { key: Buffer.from('ids'), value: bytes.subarray(at + 8, end) }
      yield* changelogFormat('ids').blocks('ids', [record])
      at = end
    }
    rest = bytes.subarray(at)
  }
}

function print(scenario: string, facts: Record<string, number>): void {
  const rounded = Object.entries(facts).map(([key, value]) => [key, Number(value.toPrecision(4))])
  console.log(JSON.stringify({ scenario, ...Object.fromEntries(rounded) }))
}

async function restore(from: string, dir: string): Promise<void> {
  const store = createIdStore({ name: 'ids', windowMs: 1000 * BUCKETS, buckets: BUCKETS })
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const cpu = process.cpuUsage()
  const start = performance.now()
  let longestMs = 0
  const apply = (block: StateBlock): void => {
    const began = performance.now()
    store.restore(block)
    longestMs = Math.max(longestMs, performance.now() - began)
  }
  if (from === 'local') {
    const local = await openLocalState(localOptions(dir))
    await local.read(apply)
    await local.close()
  } else {
    for await (const block of changelogBlocks(dir)) apply(block)
  }
  store.advance(1000 * BUCKETS)
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const restored = store.size
  globalThis.gc?.()
  const { rss } = process.memoryUsage()
  print(`restore from the ${from === 'local' ? 'local copy' : 'changelog'}`, {
    ids: restored,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    longestBlockMs: longestMs,
    bytesPerId: store.bytes / restored,
    rssPerId: (rss - before) / restored,
    rssMb: rss / 1e6,
    peakRssMb: process.resourceUsage().maxRSS / 1000,
    wrong: check(store),
  })
}

/** Asks for some of the ids; answers how many are not known. */
function check(store: ReturnType<typeof createIdStore>): number {
  const nothing = (): void => {}
  const lineage: Lineage = {
    retain: nothing,
    release: nothing,
    releaseAll: nothing,
    judge: nothing,
    copied: nothing,
    whenSettled: nothing,
    verdict: () => 'stored',
  }
  let wrong = 0
  for (let n = 0; n < count; n += 101) {
    const { probe } = store
    Object.assign(probe, { id0: mix(n), id1: mix(n ^ 0x5bd1e995), id2: mix(n ^ 0x1b873593), id3: n, body: 0 })
    if (store.see(0, n, lineage, 0) !== 1) wrong++
  }
  return wrong
}

if (values.from !== undefined) await restore(values.from, values.dir!)
else {
  const dir = mkdtempSync(join(values.dir ?? tmpdir(), 'millrace-bench-'))
  try {
    await make(dir)
    for (const from of ['local', 'changelog']) {
      const flags = ['--expose-gc', '--disable-warning=ExperimentalWarning', import.meta.filename]
      const { status } = spawnSync(
        process.execPath,
        [...flags, '--from', from, '--dir', dir, '--ids', String(count)],
        { stdio: 'inherit' },
      )
      if (status !== 0) process.exitCode = 1
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}
