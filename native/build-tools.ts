import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { BuildFailure, platform } from './build-layout.ts'

// What a build needs of the machine, and the sentence that names what is missing.

/** How the machine is asked. */
export interface Probe {
  /** Whether a program of that name can be started. */
  command(name: string): boolean
  /** Whether the compiler finds a header. */
  header(path: string): boolean
}

interface Need {
  readonly name: string
  readonly debian: string
  readonly fedora: string
  readonly macos: string
  readonly met: (probe: Probe) => boolean
}

const xcode = 'xcode-select --install'

const npm: Need = {
  name: 'npm',
  debian: 'npm',
  fedora: 'npm',
  macos: 'brew install node',
  met: (probe) => probe.command('npm'),
}
const python: Need = {
  name: 'python3',
  debian: 'python3',
  fedora: 'python3',
  macos: xcode,
  met: (probe) => probe.command('python3'),
}
const make: Need = {
  name: 'make',
  debian: 'make',
  fedora: 'make',
  macos: xcode,
  met: (probe) => probe.command('make'),
}
const compiler: Need = {
  name: 'a C++ compiler',
  debian: 'g++',
  fedora: 'gcc-c++',
  macos: xcode,
  met: (probe) => compilerName(probe) !== undefined,
}
const openssl: Need = {
  name: "OpenSSL's headers",
  debian: 'libssl-dev',
  fedora: 'openssl-devel',
  macos: 'brew install openssl@3',
  // Without a compiler no header can be looked for: then it is named too, as the packages go in one command.
  met: (probe) => probe.header('openssl/ssl.h'),
}

/** A part of librdkafka that is built when its headers are there. */
export interface Feature {
  /** As `features` of node-rdkafka has it. */
  readonly name: string
  readonly header: string
  readonly what: string
  readonly packages: string
}

/** What a build takes in when it can; TLS is not among them, since nobody should be without. */
export const features: readonly Feature[] = [
  {
    name: 'zstd',
    header: 'zstd.h',
    what: 'compression with zstd',
    packages: 'libzstd-dev, libzstd-devel or brew install zstd',
  },
  {
    name: 'sasl_gssapi',
    header: 'sasl/sasl.h',
    what: 'Kerberos (SASL/GSSAPI)',
    packages: 'libsasl2-dev or cyrus-sasl-devel',
  },
]

function compilerName(probe: Probe, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const names = env.CXX ? [env.CXX] : ['g++', 'clang++', 'c++']
  return names.find((name) => probe.command(name.split(' ')[0]!))
}

function list(words: readonly string[]): string {
  const last = words.at(-1)!
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} and ${last}`
}

const unique = (words: readonly string[]) => [...new Set(words)]

function sentence(needs: readonly Need[]): string {
  const names = needs.map((need) => need.name)
  const verb = names.length > 1 || names[0]!.endsWith('s') ? 'are' : 'is'
  const packages = (of: 'debian' | 'fedora') => needs.map((need) => need[of]).join(' ')
  const macos = unique(needs.map((need) => need.macos)).join(' && ')
  return (
    `The Kafka client cannot be built, because ${list(names)} ${verb} missing ` +
    `(Debian: apt install ${packages('debian')}; Fedora: dnf install ${packages('fedora')}; macOS: ${macos}); ` +
    `only the cluster mode needs it.`
  )
}

/**
 * Refuses with all that is missing in one sentence.
 *
 * @param whole whether librdkafka is to be built too, or the addon alone
 */
export function requireTools(probe: Probe, whole: boolean): void {
  const needs = whole ? [npm, python, make, compiler, openssl] : [compiler]
  const missing = needs.filter((need) => !need.met(probe))
  if (missing.length > 0) throw new BuildFailure(sentence(missing))
}

/** Whether there is a C++ compiler, without which nothing is built at all. */
export function hasCompiler(probe: Probe): boolean {
  return compiler.met(probe)
}

/** The machine that this process runs on, its programs by `PATH`. */
export function machine(env: NodeJS.ProcessEnv = process.env): Probe {
  const headers = new Map<string, boolean>()
  const probe: Probe = {
    command: (name) => isCommand(name, env),
    header: (path) => {
      const known = headers.get(path)
      if (known !== undefined) return known
      const cxx = compilerName(probe, env)
      const found = cxx !== undefined && hasHeader(cxx, path, env)
      headers.set(path, found)
      return found
    },
  }
  return probe
}

/** The C++ compiler to call: `$CXX`, otherwise the first of g++, clang++ and c++; with arguments that `$CXX` has. */
export function cxx(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  return (compilerName(machine(env), env) ?? 'c++').split(' ')
}

function isCommand(name: string, env: NodeJS.ProcessEnv): boolean {
  const folders = name.includes('/')
    ? ['']
    : (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.some((folder) => {
    try {
      accessSync(folder === '' ? name : join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function hasHeader(cxx: string, path: string, env: NodeJS.ProcessEnv): boolean {
  const [command, ...first] = cxx.split(' ')
  const brew = ['/opt/homebrew', '/usr/local'].flatMap((prefix) => [
    `-I${prefix}/include`,
    `-I${prefix}/opt/openssl@3/include`,
  ])
  const include = process.platform === 'darwin' ? brew : []
  const args = [...first, ...include, '-E', '-x', 'c++', '-', '-o', '/dev/null']
  return spawnSync(command!, args, { env, input: `#include <${path}>\n` }).status === 0
}

/**
 * The folder above `include/node/` with the headers of the Node that runs this: `npm_config_nodedir`, or beside the
 * executable. Headers of another Node are refused, since what is built with them crashes.
 *
 * @throws BuildFailure where there are none
 */
export function nodeHeaders(env: NodeJS.ProcessEnv = process.env): string {
  const beside = dirname(dirname(process.execPath))
  for (const folder of [env.npm_config_nodedir, beside])
    if (folder && headersVersion(folder) === process.versions.node) return folder
  const foreign = env.npm_config_nodedir && headersVersion(env.npm_config_nodedir)
  throw new BuildFailure(
    foreign
      ? `The Kafka client cannot be built, because npm_config_nodedir has the headers of Node ${foreign} and this is ` +
          `Node ${process.versions.node}: let it name the folder that has this Node's include/node.`
      : `The Kafka client cannot be built, because Node ${process.versions.node} came without its headers: let ` +
          `npm_config_nodedir name the folder that has its include/node, such as that of the npm package ` +
          `node-${platform}@${process.versions.node}.`,
  )
}

function headersVersion(folder: string): string | undefined {
  const path = join(folder, 'include', 'node', 'node_version.h')
  if (!existsSync(path)) return undefined
  const text = readFileSync(path, 'utf8')
  const part = (name: string) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1] ?? '?'
  return `${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`
}
