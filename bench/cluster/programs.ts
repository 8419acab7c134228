// What is installed or compiled for the benchmark alone, once on a machine: kept in ~/.cache/millrace.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cached } from '../../test/support/servers/cache.ts'
import { command } from '../../test/support/servers/command.ts'
import { says } from '../clients/toolbox.ts'

/** A Maven project of this folder: its class path, and the version of one of its libraries. */
export interface JavaProgram {
  readonly classPath: string
  readonly version: string
}

/**
 * Fetches the libraries of java/NAME/pom.xml and compiles the programs beside it.
 *
 * @throws Error in one sentence where mvn or javac is missing or fails
 */
export async function javaProgram(name: string, library: string): Promise<JavaProgram> {
  const folder = join(import.meta.dirname, 'java', name)
  const pom = join(folder, 'pom.xml')
  const libraries = await cached(`bench-${name}-jars-${hash(pom)}`, async (aside) => {
    const goal = 'dependency:copy-dependencies'
    await command('mvn', ['-B', '-q', '-C', '-f', pom, goal, `-DoutputDirectory=${aside}`])
  })
  const sources = readdirSync(folder).filter((file) => file.endsWith('.java'))
  const paths = sources.map((file) => join(folder, file))
  const classes = await cached(`bench-${name}-${hash(pom, ...paths)}`, async (aside) => {
    await command('javac', [
      '-encoding',
      'UTF-8',
      '-nowarn',
      '-cp',
      join(libraries, '*'),
      '-d',
      aside,
      ...paths,
    ])
  })
  return {
    classPath: [classes, join(libraries, '*')].join(delimiter),
    version: `${versionOf(libraries, library)} (JVM ${await jvmVersion()})`,
  }
}

/** The Python of an environment with what python/requirements.txt names. */
export async function pythonProgram(): Promise<{ readonly python: string; readonly version: string }> {
  const requirements = join(import.meta.dirname, 'python', 'requirements.txt')
  const version = (
    await command('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])
  ).trim()
  const folder = await cached(`bench-python-${version}-${hash(requirements)}`, async (aside) => {
    await command('python3', ['-m', 'venv', aside])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
    await command(join(aside, 'bin', 'python3'), pip)
  })
  const quix = /^quixstreams==(\S+)/m.exec(readFileSync(requirements, 'utf8'))?.[1] ?? 'unknown'
  return { python: join(folder, 'bin', 'python3'), version: `${quix} (Python ${version})` }
}

function versionOf(folder: string, library: string): string {
  const jar = readdirSync(folder).find((file) => file.startsWith(`${library}-`)) ?? ''
  return jar.slice(library.length + 1, -'.jar'.length)
}

async function jvmVersion(): Promise<string> {
  return /"([^"]+)"/.exec((await says('java', ['-version'])) ?? '')?.[1] ?? 'unknown'
}

function hash(...paths: readonly string[]): string {
  const digest = createHash('sha256')
  for (const path of paths) digest.update(readFileSync(path))
  return digest.digest('hex').slice(0, 16)
}
