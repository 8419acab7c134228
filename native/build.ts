#!/usr/bin/env node
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { buildAddons } from './build-addon.ts'
import {
  BuildFailure,
  findRdkafka,
  isBuilt,
  nativeFolder,
  platform,
  platforms,
  type Flavor,
} from './build-layout.ts'
import { provideLibrdkafka } from './build-librdkafka.ts'
import { features, hasCompiler, machine, nodeHeaders, requireTools } from './build-tools.ts'

// node native/build.ts [--asan]: builds the Kafka client, or what of it is not built yet.

const usage = `node native/build.ts [--asan]

Builds the Kafka client: librdkafka (kept in the cache, once per version and Node), then the addon in native/build/.
  --asan   the addon with AddressSanitizer and UndefinedBehaviorSanitizer, into native/build/Asan/
`

const say = (text: string) => process.stdout.write(`  ${text}\n`)

/** One line for what was done, with its time. */
async function step<T>(name: string, work: () => Promise<T>, remark: (result: T) => string): Promise<T> {
  const began = performance.now()
  const result = await work()
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  say(`${name.padEnd(22)} ok ${seconds.padStart(6)} s   ${remark(result)}`)
  return result
}

async function build(flavor: Flavor): Promise<void> {
  if (!platforms.some((known) => known === platform))
    throw new BuildFailure(`There is no Kafka client for ${platform}, only for ${platforms.join(', ')}.`)
  const native = nativeFolder()
  const rdkafka = findRdkafka(native)
  if (!rdkafka)
    throw new BuildFailure(
      'node-rdkafka, whose librdkafka the Kafka client is linked with, is not installed: ' +
        'run npm install --include=optional; only the cluster mode needs it.',
    )
  nodeHeaders()
  const probe = machine()
  // Otherwise what is missing is told when it is clear whether librdkafka must be built, or comes from the cache.
  if (!hasCompiler(probe)) requireTools(probe, !isBuilt(rdkafka))
  const unlock = await lock(join(native, 'build'))
  try {
    const log = join(native, 'build', 'librdkafka.log')
    const { features: has } = await step(
      `librdkafka ${rdkafka.librdkafka}`,
      () => provideLibrdkafka({ rdkafka, probe, log, say }),
      (result) => result.from,
    )
    for (const { name, what, packages } of features)
      if (!has.includes(name)) say(`without ${what}, whose headers are not there (${packages})`)
    await step(
      flavor === 'asan' ? 'addon with sanitizers' : 'addon',
      () => buildAddons({ native, rdkafka, flavor, say }),
      ({ compiled, folder }) => (compiled > 0 ? folder : 'nothing has changed'),
    )
  } finally {
    unlock()
  }
}

/** One build at a time in a folder; waits for another process, and takes over from one that died. */
async function lock(folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, '.lock')
  for (let told = false; ; await delay(100)) {
    try {
      const file = openSync(path, 'wx')
      writeSync(file, String(process.pid))
      closeSync(file)
      return () => rmSync(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (!holderLives(path)) rmSync(path, { force: true })
    else if (!told) {
      told = true
      say('Another process builds here; waiting for it …')
    }
  }
}

function holderLives(path: string): boolean {
  let pid: number
  try {
    pid = Number(readFileSync(path, 'utf8'))
  } catch {
    return false
  }
  // Not written yet: the other process is just between its two calls.
  if (pid === 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

try {
  const { values } = parseArgs({ options: { asan: { type: 'boolean' }, help: { type: 'boolean' } } })
  if (values.help) process.stdout.write(usage)
  else await build(values.asan ? 'asan' : 'release')
} catch (error) {
  const { code } = error as NodeJS.ErrnoException
  const known = error instanceof BuildFailure || code !== undefined
  process.stderr.write(known ? `${(error as Error).message}\n` : `${(error as Error).stack}\n`)
  process.exitCode = 1
}
