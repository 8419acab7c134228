import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { kafkaProgram } from '../../test/support/servers/kafka-jars.ts'

// Programs that are measured: where they are, or how they are compiled. Each function answers undefined or throws where
// the program is not to be had; what is compiled is kept in the cache.

const run = promisify(execFile)
const require = createRequire(import.meta.url)
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace')

/** What a program prints, on both streams; undefined where it is not installed or fails. */
export async function says(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(program, args)
    return stdout + stderr
  } catch {
    return undefined
  }
}

/** The folder of node-rdkafka, once it is built. */
export function builtNodeRdkafka(): string | undefined {
  try {
    const folder = dirname(require.resolve('node-rdkafka/package.json'))
    return existsSync(libraryOf(folder)) ? folder : undefined
  } catch {
    return undefined
  }
}

function libraryOf(folder: string): string {
  return join(folder, 'build/deps', process.platform === 'darwin' ? 'librdkafka.1.dylib' : 'librdkafka.so.1')
}

/** Compiles librdkafka's example rdkafka_performance against the very library that node-rdkafka and we use. */
export async function rdkafkaPerformance(nodeRdkafka: string): Promise<string> {
  const sources = join(nodeRdkafka, 'deps/librdkafka')
  const source = join(sources, 'examples/rdkafka_performance.c')
  const library = libraryOf(nodeRdkafka)
  const key = hash(readFileSync(source), Buffer.from(library))
  return compiled(`rdkafka_performance-${key}`, 'rdkafka_performance', async (folder) => {
    const output = join(folder, 'rdkafka_performance')
    const headers = ['-I', join(sources, 'src'), '-I', sources]
    const linked = [library, `-Wl,-rpath,${dirname(library)}`, '-lm', '-lpthread']
    await run('cc', ['-O2', ...headers, '-o', output, source, ...linked])
  })
}

/** Compiles java/*.java; answers the class path to run them with. @throws Error where Kafka's jars cannot be had */
export async function javaClassPath(): Promise<string> {
  const { classPath } = await kafkaProgram()
  const folder = join(import.meta.dirname, 'java')
  const sources = ['ReadTopic.java', 'WriteTopic.java'].map((name) => join(folder, name))
  const key = hash(...sources.map((path) => readFileSync(path)), Buffer.from(classPath))
  const classes = await compiled(`bench-java-${key}`, '.', async (output) => {
    await run('javac', ['-cp', classPath, '-d', output, ...sources])
  })
  return [classes, classPath].join(delimiter)
}

/** The version of an installed package, seen from here; undefined where it is not installed. */
export function packageVersion(name: string): string | undefined {
  for (const folder of [import.meta.dirname, join(import.meta.dirname, '../..')]) {
    const path = join(folder, 'node_modules', name, 'package.json')
    if (existsSync(path))
      return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version
  }
  return undefined
}

/** What was compiled into the cache, or is now: aside, and then renamed, so that nothing half is found there. */
async function compiled(
  name: string,
  file: string,
  compile: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name)
  if (!existsSync(join(folder, file))) {
    const aside = `${folder}.${process.pid}`
    await mkdir(aside, { recursive: true })
    await compile(aside)
    await rename(aside, folder)
  }
  return join(folder, file)
}

function hash(...parts: readonly Buffer[]): string {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part)
  return digest.digest('hex').slice(0, 16)
}
