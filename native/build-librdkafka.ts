import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheFolder, cacheKey, discard, isStored, libc, restore, store } from './build-cache.ts'
import { BuildFailure, builtFiles, platform, type RdkafkaPackage } from './build-layout.ts'
import { features, nodeHeaders, requireTools, type Probe } from './build-tools.ts'

// Gets node-rdkafka's librdkafka: built already, from the cache, or from its sources (3 minutes).

export interface LibrdkafkaResult {
  readonly from: 'built before' | 'cache' | 'source'
  /** As `features` of node-rdkafka: what librdkafka was built with. */
  readonly features: readonly string[]
}

/** What was found to be good, so that it need not be loaded again to see; `build/millrace.json` of node-rdkafka. */
interface Checked {
  readonly abi: string
  readonly wanted: readonly string[]
  readonly features: readonly string[]
  /** Size and time of the built files. */
  readonly files: readonly string[]
}

const note = join('build', 'millrace.json')

function fingerprints(rdkafka: RdkafkaPackage): string[] {
  return builtFiles().map((file) => {
    const stats = statSync(join(rdkafka.folder, file), { throwIfNoEntry: false })
    return stats ? `${stats.size} ${stats.mtimeMs}` : 'absent'
  })
}

/** Whether an earlier run found this very build to be good. */
function remembered(rdkafka: RdkafkaPackage, wanted: readonly string[]): Checked | undefined {
  try {
    const checked = JSON.parse(readFileSync(join(rdkafka.folder, note), 'utf8')) as Checked
    const same =
      checked.abi === process.versions.modules &&
      checked.wanted.join() === wanted.join() &&
      checked.files.join() === fingerprints(rdkafka).join()
    return same ? checked : undefined
  } catch {
    return undefined
  }
}

function remember(rdkafka: RdkafkaPackage, wanted: readonly string[], has: readonly string[]): void {
  const checked: Checked = {
    abi: process.versions.modules,
    wanted,
    features: has,
    files: fingerprints(rdkafka),
  }
  writeFileSync(join(rdkafka.folder, note), JSON.stringify(checked))
}

/** Loads node-rdkafka in a process of its own: its features, or undefined where it does not load. */
export function tryLoading(rdkafka: RdkafkaPackage): readonly string[] | undefined {
  const script = 'process.stdout.write(JSON.stringify(require(process.argv[1]).features))'
  const child = spawnSync(process.execPath, ['-e', script, rdkafka.folder], { encoding: 'utf8' })
  return child.status === 0 ? (JSON.parse(child.stdout) as string[]) : undefined
}

export interface LibrdkafkaOptions {
  readonly rdkafka: RdkafkaPackage
  readonly probe: Probe
  /** The file that takes what the build prints. */
  readonly log: string
  /** Called before something slow begins. */
  readonly say: (text: string) => void
  readonly env?: NodeJS.ProcessEnv
}

/**
 * Makes sure that node-rdkafka is built, for this Node and with the features whose headers are there.
 *
 * @throws BuildFailure when a tool is missing or the build fails
 */
export async function provideLibrdkafka(options: LibrdkafkaOptions): Promise<LibrdkafkaResult> {
  const { rdkafka, probe, env = process.env } = options
  const wanted = features.filter((feature) => probe.header(feature.header)).map((feature) => feature.name)
  const known = remembered(rdkafka, wanted)
  if (known) return { from: 'built before', features: known.features }

  const entry = cacheEntry(rdkafka, wanted, env)
  const suits = (has: readonly string[] | undefined) =>
    has !== undefined && wanted.every((feature) => has.includes(feature))

  const before = tryLoading(rdkafka)
  if (suits(before)) return finish('built before', before!)

  if (await restore(entry, rdkafka.folder, builtFiles())) {
    const restored = tryLoading(rdkafka)
    if (suits(restored)) return finish('cache', restored!)
    await discard(entry)
  }

  requireTools(probe, true)
  options.say(`librdkafka ${rdkafka.librdkafka} is built from its sources, which takes about 3 minutes …`)
  await rebuild(options)
  const built = tryLoading(rdkafka)
  if (!built) throw new BuildFailure(await failure(options.log))
  return finish('source', built)

  async function finish(from: LibrdkafkaResult['from'], has: readonly string[]): Promise<LibrdkafkaResult> {
    // A build with less than was wanted is used, but not kept: what is wrong here may be right on the next machine.
    if (from !== 'cache' && suits(has)) await storeIfPossible(entry, rdkafka)
    remember(rdkafka, wanted, has)
    return { from, features: has }
  }
}

/** Where a build with the given features is kept. */
export function cacheEntry(
  rdkafka: RdkafkaPackage,
  wanted: readonly string[],
  env: NodeJS.ProcessEnv,
): string {
  const { version, folder } = rdkafka
  const facts = { version, features: wanted, abi: process.versions.modules, platform, libc: libc() }
  return join(cacheFolder(env), cacheKey(process.platform === 'darwin' ? { ...facts, folder } : facts))
}

/** A cache that cannot be written, on a full disk or in a container, costs time only. */
async function storeIfPossible(entry: string, rdkafka: RdkafkaPackage): Promise<void> {
  try {
    if (await isStored(entry, builtFiles())) return
    await mkdir(dirname(entry), { recursive: true })
    await store(entry, rdkafka.folder, builtFiles())
  } catch (error) {
    process.stderr.write(`The build was not cached: ${(error as Error).message}\n`)
  }
}

async function rebuild({ rdkafka, log, env = process.env }: LibrdkafkaOptions): Promise<void> {
  await mkdir(dirname(log), { recursive: true })
  const file = await open(log, 'w')
  try {
    // Its own install script, which brings node-gyp along. `npm rebuild` would skip it in silence where scripts are not
    // allowed, and does not find packages that pnpm has laid out.
    const child = spawn('npm', ['run', 'install'], {
      cwd: rdkafka.folder,
      env: rebuildEnvironment(env),
      stdio: ['ignore', file.fd, file.fd],
    })
    const [status] = (await once(child, 'close')) as [number | null]
    if (status !== 0) throw new BuildFailure(await failure(log))
  } finally {
    await file.close()
  }
}

/** librdkafka's makefiles fail under a parallel make, and the headers must be those of this Node. */
export function rebuildEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { MAKEFLAGS: _flags, MFLAGS: _oldFlags, MAKELEVEL: _level, JOBS: _jobs, ...rest } = env
  return { ...rest, npm_config_nodedir: nodeHeaders(env) }
}

async function failure(log: string): Promise<string> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n')
  return `librdkafka could not be built; ${log} says why and ends with:\n\n${lines.slice(-20).join('\n')}\n`
}
