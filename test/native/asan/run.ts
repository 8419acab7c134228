import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { judge } from './report.ts'

// node test/native/asan/run.ts [FILE …]: runs scenarios (all *.scenario.ts beside this file, without arguments) against
// the addon that `native/build.ts --asan` built, each in a process of its own, and reports bad memory accesses,
// undefined behavior and leaks. A scenario is a script that uses the Kafka client, closes all of it, and exits with 0.

const here = import.meta.dirname
const addons = resolve(here, '../../../native/build/Asan')

/** A scenario that has not ended by then hangs. */
const limitMs = 120_000

const compiler = (process.env.CXX ?? 'g++').split(' ')[0]!

/** The sanitizers must be in the process before all else, and Node was not linked with them. */
function preloaded(): string {
  if (process.platform !== 'linux') throw new Error('Sanitizers are run on Linux only.')
  if (!existsSync(join(addons, 'rdkafka.node')))
    throw new Error('The addon is not built with sanitizers: run `make native-asan`.')
  return execFileSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
}

/** A program that leaks must be caught: where processes may not be traced, leaks go unseen. */
async function checkTheCheck(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-asan-'))
  const program = join(folder, 'leaky')
  const source = '#include <cstdlib>\nvoid* volatile kept; int main() { kept = malloc(42); kept = nullptr; }'
  execFileSync(compiler, ['-fsanitize=address', '-x', 'c++', '-', '-o', program], { input: source })
  const { status, stderr } = spawnSync(program, { encoding: 'utf8' })
  await rm(folder, { recursive: true })
  if (status === 0 || !stderr.includes('Direct leak of 42 byte(s)'))
    throw new Error(`Leaks are not seen on this machine, so there is nothing to check:\n${stderr}`)
}

interface Ended {
  /** 0 when all was well; a signal's name when it was killed by one. */
  readonly status: number | string
  readonly printed: string
  readonly reports: readonly string[]
}

/** Runs one script under the sanitizers. Leaks do not change its exit code; a bad access aborts it at once. */
async function runScenario(script: string, library: string): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-asan-'))
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      LD_PRELOAD: library,
      MILLRACE_NATIVE: addons,
      ASAN_OPTIONS: `detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1:log_path=${folder}/report`,
      LSAN_OPTIONS: 'exitcode=0:max_leaks=0',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const status = await new Promise<number | string>((done) =>
    child.once('close', (code, signal) => done(code ?? signal ?? 'gone')),
  )
  const files = await readdir(folder)
  const reports = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
  await rm(folder, { recursive: true })
  return { status, printed, reports }
}

/** Runs one scenario and prints how it went: one line, and all that is known where it failed. */
async function report(script: string, library: string): Promise<boolean> {
  const began = performance.now()
  const { status, printed, reports } = await runScenario(script, library)
  const { faults, others } = judge(reports)
  const good = status === 0 && faults.length === 0
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const remark = others > 0 ? `   (besides ${others} of Node itself)` : ''
  const name = basename(script, '.scenario.ts')
  console.log(`  ${name.padEnd(22)} ${good ? 'ok' : 'FAILED'} ${seconds.padStart(6)} s${remark}`)
  if (!good) console.log([`exit: ${status}`, printed, ...faults].join('\n\n'))
  return good
}

async function main(named: readonly string[]): Promise<number> {
  const library = preloaded()
  await checkTheCheck()
  const all = (await readdir(here)).filter((name) => name.endsWith('.scenario.ts')).toSorted()
  const scripts = named.length > 0 ? named : all.map((name) => join(here, name))
  let failed = 0
  for (const script of scripts) if (!(await report(script, library))) failed++
  console.log(`  ${scripts.length - failed} passed, ${failed} failed`)
  return failed === 0 && scripts.length > 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
