import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { points, transactionPoints } from '../../../engine/component/points.ts'
import type { Proxy } from '../servers/proxy.ts'
import type { Fleet, Program } from './fleet.ts'
import type { FaultKind, PlannedFault } from './schedule.ts'
import type { World } from './world.ts'

/** What faults are done to. */
export interface Scene {
  readonly world: World
  readonly fleet: Fleet
  readonly producers: {
    readonly running: readonly Program[]
    restart(n: number, awayMs: number): Promise<void>
  }
  /** Slots whose folder for local state is a small file system of its own. */
  readonly smallDisks: ReadonlySet<number>
  /** A worker is away from its group now, and may not know what it has lost; resolves when it is excused no longer. */
  excuse(pid: number): () => void
  /** Of things of which one at a time may be away: true where it was free. */
  claim(what: string): boolean
  free(what: string): void
}

/** Does one fault and undoes it; answers what it was done to, or undefined where there was nothing to do it to. */
export type Doing = (scene: Scene, fault: PlannedFault) => Promise<string | undefined>

const crashPoints = [...points.filter((point) => point !== 'draining'), ...transactionPoints]

/** A worker of those that run, or undefined. */
function someWorker({ fleet }: Scene, dice: number): { slot: number; program: Program } | undefined {
  const all = [...fleet.running]
  const found = all[Math.floor(dice * all.length)]
  return found && { slot: found[0], program: found[1] }
}

/** A proxy with a fault for a while. */
const net =
  (inflict: (proxy: Proxy, fault: PlannedFault) => void): Doing =>
  async (scene, fault) => {
    const proxies = scene.world.brokerProxies
    // One broker in two cases of three, otherwise the way to all of them.
    const all = fault.dice[0] > 0.66 || proxies.length === 1
    const chosen = all ? proxies : [proxies[Math.floor(fault.dice[1] * proxies.length)]!]
    const target = all ? 'all' : String(proxies.indexOf(chosen[0]!) + 1)
    if (!scene.claim('net')) return undefined
    // Whoever does not hear from the brokers may lose its partitions without knowing it.
    const ends = [...scene.fleet.running.values()].map(({ pid }) => scene.excuse(pid))
    for (const proxy of chosen) inflict(proxy, fault)
    await wait(fault.lastsMs)
    for (const proxy of chosen) proxy.pass()
    scene.free('net')
    for (const end of ends) end()
    return target
  }

const broker =
  (away: (world: World, id: number, fault: PlannedFault) => Promise<void>): Doing =>
  async (scene, fault) => {
    if (!scene.claim('broker')) return undefined
    const { world } = scene
    const id = 1 + Math.floor(fault.dice[0] * world.kafka.brokers.length)
    const ends = [...scene.fleet.running.values()].map(({ pid }) => scene.excuse(pid))
    await away(world, id, fault)
    scene.free('broker')
    for (const end of ends) end()
    return String(id)
  }

/** A store behind a proxy: its server is away, or the way to it is bad. */
const store =
  (name: 'cassandra' | 'registry', away: (store: Store, fault: PlannedFault) => Promise<void>): Doing =>
  async (scene, fault) => {
    const found = scene.world[name]
    if (found === undefined || !scene.claim(name)) return undefined
    await away(found, fault)
    scene.free(name)
    return name
  }

interface Store {
  readonly server: {
    stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
    start(): Promise<void>
    pause(): void
    resume(): void
  }
  readonly proxy: Proxy
}

const killed = async ({ server }: Store, { lastsMs }: PlannedFault): Promise<void> => {
  await server.stop('SIGKILL')
  await wait(lastsMs)
  await startAgain(() => server.start())
}

/** On a machine that has other things to do, a server may take longer to start than its test kit waits. */
async function startAgain(start: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start()
    } catch (error) {
      if (attempt === 4) throw error
    }
  }
}

const paused = async ({ server }: Store, { lastsMs }: PlannedFault): Promise<void> => {
  server.pause()
  await wait(lastsMs)
  server.resume()
}

const proxied =
  (inflict: (proxy: Proxy, fault: PlannedFault) => void) =>
  async ({ proxy }: Store, fault: PlannedFault): Promise<void> => {
    inflict(proxy, fault)
    await wait(fault.lastsMs)
    proxy.pass()
  }

const direction = ({ dice }: PlannedFault): 'requests' | 'responses' =>
  dice[2] < 0.5 ? 'requests' : 'responses'

const workerKill: Doing = async (scene, { dice, lastsMs }) => {
  const found = someWorker(scene, dice[0])
  if (found === undefined) return undefined
  await scene.fleet.kill(found.slot, lastsMs / 3)
  return String(found.slot)
}

/** It is killed, and its next life ends at a named point; where that is written down, until it does. */
const workerCrash: Doing = async (scene, { dice, lastsMs, point: written }) => {
  const point = written ?? crashPoints[Math.floor(dice[1] * crashPoints.length)]!
  const at = 1 + Math.floor(dice[2] * (written === undefined ? 30 : 3))
  while (written !== undefined && !scene.claim('crash')) await wait(50)
  const found = someWorker(scene, dice[0])
  if (found !== undefined) {
    await scene.fleet.kill(found.slot, 0, { point, at })
    const program = scene.fleet.running.get(found.slot)
    const limit = written === undefined ? lastsMs + 5000 : 60_000
    await Promise.race([program?.exited, wait(limit, undefined, { ref: false })])
  }
  scene.free('crash')
  return found && `${found.slot} at ${point}`
}

/** A crash that is written down: again, where another fault came between. */
const writtenCrash: Doing = async (scene, fault) => {
  for (let attempt = 0; attempt < 8; attempt++) {
    const before = countOf(scene.fleet, fault.point!)
    const target = await workerCrash(scene, fault)
    if (countOf(scene.fleet, fault.point!) > before) return target
    await wait(200)
  }
  return undefined
}

const countOf = ({ all }: Fleet, point: string): number =>
  all.filter(({ said }) => said.includes(`reached ${point}\n`)).length

const workerPause: Doing = async (scene, { dice, lastsMs }) => {
  const found = someWorker(scene, dice[0])
  if (found === undefined || !scene.claim(`worker ${found.slot}`)) return undefined
  const { program, slot } = found
  const end = scene.excuse(program.pid)
  program.signal('SIGSTOP')
  // Longer than a session in most cases.
  await wait(1000 + lastsMs)
  program.signal('SIGCONT')
  scene.free(`worker ${slot}`)
  end()
  return String(slot)
}

const workerRestart: Doing = async (scene, { dice, lastsMs }) => {
  const found = someWorker(scene, dice[0])
  if (found === undefined) return undefined
  // One that is being frozen does not hear of it.
  if (!scene.claim(`worker ${found.slot}`)) return undefined
  await scene.fleet.restart(found.slot, lastsMs / 4)
  scene.free(`worker ${found.slot}`)
  return String(found.slot)
}

/** Its clock goes wrong by up to two hours, either way; then by as much as nothing again. */
const workerClock: Doing = async (scene, { dice, lastsMs }) => {
  const found = someWorker(scene, dice[0])
  if (found === undefined) return undefined
  const jump = Math.round((dice[1] * 2 - 1) * (dice[2] < 0.5 ? 60_000 : 7_200_000))
  const file = scene.fleet.clockOf(found.slot)
  writeFileSync(file, String(jump))
  await wait(lastsMs)
  writeFileSync(file, '0')
  return `${found.slot} by ${Math.round(jump / 1000)} s`
}

/** The disk with its local state is full. */
const workerDisk: Doing = async (scene, { dice, lastsMs }) => {
  const slots = [...scene.smallDisks]
  const slot = slots[Math.floor(dice[0] * slots.length)]
  if (slot === undefined || !scene.claim(`disk ${slot}`)) return undefined
  const filler = join(scene.fleet.stateOf(slot), 'filler')
  fillUp(filler)
  await wait(2000 + lastsMs)
  rmSync(filler, { force: true })
  scene.free(`disk ${slot}`)
  return String(slot)
}

function fillUp(file: string): void {
  const fd = openSync(file, 'w')
  try {
    for (let bytes = 65_536; bytes >= 512; bytes /= 2) {
      const block = Buffer.alloc(bytes, 1)
      try {
        for (;;) writeSync(fd, block)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  } finally {
    closeSync(fd)
  }
}

/** Members come and go in quick succession. */
const storm: Doing = async (scene, { dice, lastsMs }) => {
  if (!scene.claim('storm')) return undefined
  const until = Date.now() + 3000 + lastsMs
  const extra = [11, 12]
  for (let n = 0; Date.now() < until; n++) {
    const slot = extra[n % 2]!
    if (scene.fleet.running.has(slot)) await (n % 4 < 2 ? scene.fleet.leave(slot) : gone(scene.fleet, slot))
    else scene.fleet.start(slot)
    await wait(300 + 1500 * dice[n % 3]!)
  }
  for (const slot of extra) await scene.fleet.leave(slot)
  scene.free('storm')
  return 'two more'
}

async function gone(fleet: Fleet, slot: number): Promise<void> {
  const program = fleet.running.get(slot)
  await program?.kill()
}

const producerKill: Doing = async ({ producers }, { dice, lastsMs }) => {
  const n = Math.floor(dice[0] * producers.running.length)
  await producers.restart(n, lastsMs / 3)
  return String(n)
}

export const doings: Readonly<Record<FaultKind, Doing>> = {
  'worker-kill': workerKill,
  'worker-crash': (scene, fault) => (fault.point === undefined ? workerCrash : writtenCrash)(scene, fault),
  'worker-pause': workerPause,
  'worker-restart': workerRestart,
  'worker-clock': workerClock,
  'worker-disk': workerDisk,
  storm,
  'producer-kill': producerKill,
  'broker-kill': broker(async ({ kafka }, id, { lastsMs }) => {
    await kafka.stop(id, 'SIGKILL')
    await wait(lastsMs)
    await startAgain(() => kafka.start(id))
  }),
  'broker-restart': broker(async ({ kafka }, id) => {
    await kafka.stop(id, 'SIGTERM')
    await startAgain(() => kafka.start(id))
  }),
  'broker-pause': broker(async ({ kafka }, id, { lastsMs }) => {
    kafka.pause(id)
    await wait(lastsMs)
    kafka.resume(id)
  }),
  'net-reset': net((proxy) => proxy.cutOnce()),
  'net-refuse': net((proxy) => proxy.cut()),
  'net-delay': net((proxy, { dice }) => proxy.delay(20 + 800 * dice[2] ** 2)),
  'net-throttle': net((proxy, { dice }) => proxy.throttle(2000 + 60_000 * dice[2] ** 2)),
  'net-blackhole': net((proxy) => proxy.stall()),
  'net-one-way': net((proxy, fault) => proxy.stall(direction(fault))),
  'net-lost-responses': net((proxy) => proxy.swallow('responses')),
  'net-cut-responses': net((proxy, { dice }) => proxy.cutAfter(Math.floor(4000 * dice[2]), 'responses')),
  'cassandra-kill': store('cassandra', killed),
  'cassandra-pause': store('cassandra', paused),
  'cassandra-slow': store(
    'cassandra',
    proxied((proxy, { dice }) => proxy.delay(50 + 2500 * dice[2])),
  ),
  'cassandra-failing': store(
    'cassandra',
    proxied((proxy, { dice }) => proxy.cutAfter(Math.floor(3000 * dice[2]), 'responses')),
  ),
  'cassandra-lost-responses': store(
    'cassandra',
    proxied((proxy) => proxy.swallow('responses')),
  ),
  'registry-kill': store('registry', killed),
  'registry-pause': store('registry', paused),
}

/** Kinds that need Cassandra and a registry. */
export const storeKinds = (kind: FaultKind): boolean => /^(cassandra|registry)-/.test(kind)

/**
 * Puts a small file system under a folder; false where this user may not: then the disk of that worker is never full.
 * It is gone when `unmountDisk` is called.
 */
export function mountDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export function unmountDisk(folder: string): void {
  // Also while somebody still writes there: it is gone when that one is.
  execFileSync('umount', ['-l', folder], { stdio: 'ignore' })
}
