import { constants } from 'node:os'
import { join } from 'node:path'
import type { Binding } from './binding.ts'
import { libraryName, nativeFolder, outputFolder, platform, platforms, readStamp } from './build-layout.ts'

// Opens the built addon. It is not loaded on import: a process that stays embedded never opens native code.

/** What stands in the way when the addon cannot be loaded; `message` is one sentence that says what to do. */
export class BindingUnavailable extends Error {
  override readonly name = 'BindingUnavailable'
}

/** What is to be known to explain a failure. */
export interface LoadCircumstances {
  /** The file that could not be loaded. */
  readonly path: string
  /** What the dynamic linker or Node said. */
  readonly error: NodeJS.ErrnoException
  /** `process.version` and the like of this process, and such as `linux-x64`. */
  readonly node: string
  readonly platform: string
  /** What the addon was built for; undefined where it was never built. */
  readonly built: { readonly node: string; readonly platform: string } | undefined
  /** Whether the path came from `MILLRACE_NATIVE`. */
  readonly chosen: boolean
}

/** How an addon is built: in a checkout with make, in an installed package by its own script. */
export function buildCommand(folder: string = import.meta.dirname): string {
  const installed = /^(.*\/)?(node_modules\/.*)$/.exec(folder.replaceAll('\\', '/'))
  return installed ? `node ${installed[2]}/build.js` : 'make native'
}

/** The one sentence for a failure to load. */
export function explainLoadFailure(facts: LoadCircumstances): string {
  const { path, error, node, platform, built, chosen } = facts
  const here = `Node ${node} on ${platform}`
  const text = error.message
  if (error.code === 'ERR_DLOPEN_DISABLED')
    return 'The Kafka client is native code, which this process may not load: run it without --no-addons, or with --allow-addons.'
  // Without ours the dynamic linker takes one of the system, which is older or built otherwise.
  if (text.includes(libraryName()) || text.includes('rd_kafka_'))
    return `The Kafka client was built, but ${libraryName()} is no longer where node-rdkafka had built it: run \`${buildCommand()}\` again.`
  if (chosen) return `The Kafka client that MILLRACE_NATIVE names, ${path}, cannot be loaded: ${text}.`
  if (!platforms.some((known) => known === platform))
    return `There is no Kafka client for ${platform}, only for ${platforms.join(', ')}; the embedded mode works without it.`
  if (built && (built.platform !== platform || built.node !== node))
    return `The Kafka client was built for Node ${built.node} on ${built.platform}, and this is ${here}: run \`${buildCommand()}\` again.`
  if (built) return `The Kafka client cannot be loaded: ${text}; run \`${buildCommand()}\` again.`
  return `The Kafka client is not built for ${here}: run \`${buildCommand()}\` (3 minutes the first time; the embedded mode works without it).`
}

/**
 * Loads an addon of this package by its path.
 *
 * @throws BindingUnavailable when it is not built, or cannot be loaded
 */
function open(path: string, folder: string, chosen: boolean): unknown {
  const module = { exports: {} }
  try {
    process.dlopen(module, path, constants.dlopen.RTLD_NOW)
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException
    const circumstances = { path, error, node: process.version, platform, built: readStamp(folder), chosen }
    throw new BindingUnavailable(explainLoadFailure(circumstances), { cause })
  }
  return module.exports
}

/** The folder that addons are loaded from: `MILLRACE_NATIVE`, otherwise where `native/build.ts` puts them. */
function addonFolder(): { readonly folder: string; readonly chosen: boolean } {
  const chosen = process.env.MILLRACE_NATIVE
  return chosen
    ? { folder: chosen, chosen: true }
    : { folder: outputFolder(nativeFolder(), 'release'), chosen: false }
}

function openAddon(name: 'rdkafka' | 'rdkafka_mock'): unknown {
  const { folder, chosen } = addonFolder()
  return open(join(folder, `${name}.node`), folder, chosen)
}

let binding: Binding | undefined

/**
 * The addon's raw functions, loaded on the first call in each thread.
 *
 * @throws BindingUnavailable when it is not built, or cannot be loaded
 */
export function loadBinding(): Binding {
  binding ??= checked(openAddon('rdkafka') as Binding)
  return binding
}

/** Refuses an addon that the dynamic linker has put together with another librdkafka than it was built with. */
function checked(loaded: Binding): Binding {
  const built = readStamp(addonFolder().folder)?.librdkafka
  if (built === undefined || built === loaded.version) return loaded
  throw new BindingUnavailable(
    `The Kafka client was built with librdkafka ${built}, but another one of this system, ${loaded.version}, was found in ` +
      `its place: run \`${buildCommand()}\` again.`,
  )
}

/**
 * librdkafka's mock cluster, for tests: brokers in this process, without transactions' isolation or fencing.
 *
 * @throws BindingUnavailable when it is not built, or cannot be loaded
 */
export function loadMock(): unknown {
  return openAddon('rdkafka_mock')
}
