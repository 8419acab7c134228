import { execFile, spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import {
  BuildFailure,
  libraryName,
  outputFolder,
  platform,
  readStamp,
  type BuildStamp,
  type Flavor,
  type RdkafkaPackage,
} from './build-layout.ts'
import { cxx, nodeHeaders } from './build-tools.ts'

// Compiles and links native/src/: one compiler call a file, then one for each addon. No node-gyp: the flags are few and
// known, and neither Python nor npm is needed for the second build and all after it.

const run = promisify(execFile)

/** A source or an addon: made when its hash differs from that of the last time. */
interface Step {
  readonly output: string
  readonly hash: string
  readonly args: readonly string[]
}

export interface AddonOptions {
  readonly native: string
  readonly rdkafka: RdkafkaPackage
  readonly flavor: Flavor
  /** Called before something slow begins. */
  readonly say: (text: string) => void
  readonly env?: NodeJS.ProcessEnv
}

export interface AddonResult {
  readonly folder: string
  /** How many source files were compiled; 0 when nothing had changed. */
  readonly compiled: number
}

/** The sources of an addon: `mock*.cc` make the mock cluster, `addon.cc` enters the other, the rest is in both. */
function sources(native: string) {
  const names = readdirSync(join(native, 'src')).filter((name) => name.endsWith('.cc'))
  const mock = names.filter((name) => name.startsWith('mock'))
  const shared = names.filter((name) => !mock.includes(name) && name !== 'addon.cc')
  return { all: names.toSorted(), rdkafka: ['addon.cc', ...shared], rdkafka_mock: [...mock, ...shared] }
}

const sanitize = [
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=undefined',
  '-fno-omit-frame-pointer',
]

/** Warnings are errors in a checkout; at a user's, whose compiler we do not know, they are not even shown. */
function warnings(native: string): string[] {
  return native.split(sep).includes('node_modules') ? ['-w'] : ['-Wall', '-Wextra', '-Werror']
}

function compileFlags({ native, rdkafka, flavor, env }: AddonOptions): string[] {
  return [
    '-std=c++20',
    ...(flavor === 'asan' ? ['-O1', '-g', ...sanitize] : ['-O2', '-g1', '-DNDEBUG']),
    '-fPIC',
    '-fvisibility=hidden',
    '-pthread',
    ...warnings(native),
    '-DBUILDING_NODE_EXTENSION',
    '-isystem',
    join(nodeHeaders(env), 'include', 'node'),
    '-isystem',
    rdkafka.headers,
    '-I',
    join(native, 'src'),
  ]
}

/**
 * librdkafka is found by its place relative to the addon. It is always linked where it will run, so that place is
 * known, also when a package manager has put node-rdkafka elsewhere than beside us; and the checkout can be moved.
 *
 * `nodelete`: Node unloads an addon with the last worker thread that had it, while librdkafka's threads may still run.
 */
function linkFlags({ native, rdkafka, flavor }: AddonOptions): string[] {
  const folder = outputFolder(native, flavor)
  const libraries = join(rdkafka.folder, 'build', 'deps')
  const origin = process.platform === 'darwin' ? '@loader_path' : '$ORIGIN'
  return [
    ...(process.platform === 'darwin'
      ? ['-bundle', '-undefined', 'dynamic_lookup']
      : ['-shared', '-Wl,-z,nodelete']),
    ...(flavor === 'asan' ? sanitize : []),
    '-pthread',
    `-Wl,-rpath,${origin}/${relative(folder, libraries)}`,
    join(libraries, libraryName()),
  ]
}

const digest = (...parts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)

/** What goes into every object: compiler and flags; the headers of librdkafka and Node by their versions. */
function commonHash(options: AddonOptions, flags: readonly string[], compiler: string): string {
  return digest(compiler, process.version, platform, options.rdkafka.version, ...flags)
}

/** The text of a source and of all our headers that it includes, directly or through others. */
function textsOf(folder: string, name: string): string[] {
  const texts = new Map<string, string>()
  const waiting = [name]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (texts.has(file) || !existsSync(join(folder, file))) continue
    const text = readFileSync(join(folder, file), 'utf8')
    texts.set(file, text)
    for (const include of text.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)) waiting.push(include[1]!)
  }
  return [...texts].toSorted(([one], [other]) => (one < other ? -1 : 1)).flat()
}

function compilerVersion(command: readonly string[], env?: NodeJS.ProcessEnv): string {
  const child = spawnSync(command[0]!, [...command.slice(1), '--version'], { env, encoding: 'utf8' })
  return `${command.join(' ')} ${child.stdout.split('\n')[0] ?? ''}`
}

function compileSteps(options: AddonOptions, compiler: string): Map<string, Step> {
  const { native, flavor } = options
  const flags = compileFlags(options)
  const common = commonHash(options, flags, compiler)
  const folder = join(native, 'src')
  const step = (name: string): Step => ({
    output: join(outputFolder(native, flavor), 'obj', `${basename(name, '.cc')}.o`),
    hash: digest(common, ...textsOf(folder, name)),
    args: [...flags, '-c', join(folder, name)],
  })
  return new Map(sources(native).all.map((name) => [name, step(name)]))
}

function linkSteps(options: AddonOptions, compiled: ReadonlyMap<string, Step>): Step[] {
  const { rdkafka, rdkafka_mock } = sources(options.native)
  const flags = linkFlags(options)
  const step = (addon: string, names: readonly string[]): Step => {
    const objects = names.map((name) => compiled.get(name)!)
    return {
      output: join(outputFolder(options.native, options.flavor), `${addon}.node`),
      hash: digest(...objects.map((object) => object.hash), ...flags),
      args: [...objects.map((object) => object.output), ...flags],
    }
  }
  const hasMock = compiled.has('mock.cc')
  return [step('rdkafka', rdkafka), ...(hasMock ? [step('rdkafka_mock', rdkafka_mock)] : [])]
}

/** Runs the compiler into a file of its own, which then takes the place of the old one with its hash. */
async function make(step: Step, command: readonly string[], env?: NodeJS.ProcessEnv): Promise<void> {
  const partial = `${step.output}.${randomUUID()}`
  try {
    await run(command[0]!, [...command.slice(1), ...step.args, '-o', partial], { env, maxBuffer: 1 << 26 })
    await rename(partial, step.output)
    await writeFile(`${step.output}.hash`, step.hash)
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    throw new BuildFailure(`${basename(step.output)} could not be built:\n\n${stderr || message}`)
  } finally {
    await rm(partial, { force: true })
  }
}

function isMade(step: Step): boolean {
  return existsSync(step.output) && readHash(step.output) === step.hash
}

function readHash(output: string): string | undefined {
  try {
    return readFileSync(`${output}.hash`, 'utf8')
  } catch {
    return undefined
  }
}

/** Runs steps, as many at once as there are processors, at most four. The first failure is thrown when all have ended. */
async function makeAll(
  steps: readonly Step[],
  command: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<void> {
  const waiting = [...steps]
  const worker = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) await make(step, command, env)
  }
  const ended = await Promise.allSettled(Array.from({ length: Math.min(4, availableParallelism()) }, worker))
  const failed = ended.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

/** Whether the addons are those that these sources, flags, compiler, Node and librdkafka give. */
function isFresh(folder: string, stamp: BuildStamp, links: readonly Step[]): boolean {
  return links.every(isMade) && readStamp(folder)?.hash === stamp.hash
}

/**
 * Builds the addons of a flavor; what has not changed is kept.
 *
 * @throws BuildFailure with the compiler's words when a source does not compile or does not link
 */
export async function buildAddons(options: AddonOptions): Promise<AddonResult> {
  const command = cxx(options.env)
  const compiled = compileSteps(options, compilerVersion(command, options.env))
  const links = linkSteps(options, compiled)
  const folder = outputFolder(options.native, options.flavor)
  const stamp: BuildStamp = {
    node: process.version,
    abi: process.versions.modules,
    platform,
    librdkafka: options.rdkafka.librdkafka,
    hash: digest(...links.map((step) => step.hash)),
  }
  if (isFresh(folder, stamp, links)) return { folder, compiled: 0 }

  const stale = [...compiled.values()].filter((step) => !isMade(step))
  if (stale.length > 0) options.say(`${stale.length} C++ files are compiled …`)
  await mkdir(join(folder, 'obj'), { recursive: true })
  await rm(join(folder, 'built.json'), { force: true })
  await makeAll(stale, command, options.env)
  const unlinked = links.filter((step) => !isMade(step))
  await makeAll(unlinked, command, options.env)
  await writeFile(join(folder, 'built.json'), `${JSON.stringify(stamp)}\n`)
  return { folder, compiled: stale.length }
}
