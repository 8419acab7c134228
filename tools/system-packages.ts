// What the integration tests and the Kafka client want from the system: checks it, installs it where that is allowed
// (Debian's kind, as root or with sudo that asks nothing), and otherwise says in one sentence each what is missing.
// MILLRACE_SYSTEM=check only looks.

import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Something that must be there, and its packages. */
interface Need {
  name: string
  /** What cannot be done without it. */
  for: string
  /** Without an optional one the tests go on; those that use it fail. */
  optional?: boolean
  isThere: () => boolean
  /** The first that the system knows is taken. */
  debian: string[]
  fedora: string
  mac: string
}

const oldestJava = 17

const needs: Need[] = [
  {
    name: `a JDK, version ${oldestJava} or later`,
    for: 'the servers of the tests',
    isThere: () => hasProgram('javac') && hasProgram('jar') && javaVersion() >= oldestJava,
    debian: [
      'openjdk-17-jdk-headless',
      'openjdk-21-jdk-headless',
      'openjdk-25-jdk-headless',
      'default-jdk-headless',
    ],
    fedora: 'java-latest-openjdk-devel',
    mac: 'openjdk',
  },
  {
    name: 'Maven',
    for: 'fetching Kafka and Cassandra',
    isThere: () => hasProgram('mvn'),
    debian: ['maven'],
    fedora: 'maven',
    mac: 'maven',
  },
  {
    name: 'OpenSSL',
    for: 'the certificates of the tests',
    isThere: () => hasProgram('openssl'),
    debian: ['openssl'],
    fedora: 'openssl',
    mac: 'openssl',
  },
  {
    name: 'Python 3 with its venv module',
    for: 'building the Kafka client, and its tests',
    isThere: () => hasProgram('python3') && succeeds('python3', ['-c', 'import venv, ensurepip']),
    debian: ['python3-venv'],
    fedora: 'python3',
    mac: 'python',
  },
  {
    name: 'make',
    for: 'building the Kafka client',
    isThere: () => hasProgram('make'),
    debian: ['make'],
    fedora: 'make',
    mac: 'make',
  },
  {
    name: 'a C++ compiler',
    for: 'building the Kafka client',
    isThere: () => hasProgram(compiler),
    debian: ['g++'],
    fedora: 'gcc-c++',
    mac: 'gcc',
  },
  {
    name: "OpenSSL's headers",
    for: 'building the Kafka client',
    isThere: () => hasHeader('openssl/ssl.h'),
    debian: ['libssl-dev'],
    fedora: 'openssl-devel',
    mac: 'openssl',
  },
  {
    name: "zstd's headers",
    for: 'zstd in the Kafka client',
    optional: true,
    isThere: () => hasHeader('zstd.h'),
    debian: ['libzstd-dev'],
    fedora: 'libzstd-devel',
    mac: 'zstd',
  },
  {
    name: "Cyrus SASL's headers",
    for: 'Kerberos in the Kafka client',
    optional: true,
    isThere: () => hasHeader('sasl/sasl.h'),
    debian: ['libsasl2-dev'],
    fedora: 'cyrus-sasl-devel',
    mac: 'cyrus-sasl',
  },
  {
    name: 'kcat',
    for: 'the tests with an outside client',
    optional: true,
    isThere: () => hasProgram('kcat'),
    debian: ['kcat', 'kafkacat'],
    fedora: 'kcat',
    mac: 'kcat',
  },
  {
    name: 'curl',
    for: 'the test of the guide to HTTP',
    optional: true,
    isThere: () => hasProgram('curl'),
    debian: ['curl'],
    fedora: 'curl',
    mac: 'curl',
  },
]

const compiler = process.env['CXX']?.split(' ')[0] || 'c++'

// Where Homebrew keeps what the compiler does not look for by itself.
const brewed = ['/opt/homebrew', '/usr/local'].flatMap((root) => [
  join(root, 'include'),
  join(root, 'opt/openssl@3/include'),
  join(root, 'opt/cyrus-sasl/include'),
])

function hasProgram(name: string): boolean {
  const folders = name.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function succeeds(program: string, args: string[], input = ''): boolean {
  return spawnSync(program, args, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0
}

/** 0 where there is none that runs: macOS has a `java` that only says so. */
function javaVersion(): number {
  const { stderr } = spawnSync('java', ['-Xshare:auto', '-version'], { encoding: 'utf8' })
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0)
}

function hasHeader(name: string): boolean {
  if (!hasProgram(compiler)) return existsSync(join('/usr/include', name))
  const include = brewed.filter((folder) => existsSync(folder)).map((folder) => `-I${folder}`)
  return succeeds(compiler, ['-E', '-x', 'c++', ...include, '-'], `#include <${name}>\n`)
}

function isDebian(): boolean {
  return existsSync('/etc/debian_version') && hasProgram('apt-get')
}

/** The words before a command that only root may run; undefined where nobody is allowed. */
function asRoot(): string[] | undefined {
  if (process.getuid?.() === 0) return []
  return hasProgram('sudo') && succeeds('sudo', ['-n', 'true']) ? ['sudo', '-n'] : undefined
}

/** Installs Debian packages; what it cannot, the second check will find. */
function install(missing: Need[], prefix: string[]): void {
  const environment = ['env', 'DEBIAN_FRONTEND=noninteractive']
  const apt = (...args: string[]) => {
    const [program = '', ...rest] = [...prefix, ...environment, 'apt-get', '-q', ...args]
    return spawnSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }
  const updated = apt('update')
  const known = missing.flatMap(
    ({ debian }) => debian.find((name) => succeeds('apt-cache', ['show', name])) ?? [],
  )
  process.stdout.write(`  ${known.join(' ')}: installing with apt-get\n`)
  const installed = apt('install', '-y', '--no-install-recommends', ...known)
  for (const { status, stdout, stderr } of [updated, installed]) {
    if (status !== 0) process.stdout.write(`${stdout}${stderr}\n`)
  }
}

function sentence({ name, for: purpose, optional, debian, fedora, mac }: Need): string {
  const advice = `apt-get install ${debian[0]} (Debian), dnf install ${fedora} (Fedora), brew install ${mac} (macOS)`
  return `${optional ? 'Optional, not there' : 'Missing'}: ${name}, for ${purpose}; ${advice}`
}

const began = Date.now()
let missing = needs.filter((need) => !need.isThere())
const prefix = isDebian() && process.env['MILLRACE_SYSTEM'] !== 'check' ? asRoot() : undefined
if (missing.length > 0 && prefix !== undefined) {
  install(missing, prefix)
  missing = missing.filter((need) => !need.isThere())
}
for (const need of missing) process.stdout.write(`  ${sentence(need)}\n`)
const failed = missing.some(({ optional }) => !optional)
const seconds = String(Math.round((Date.now() - began) / 1000)).padStart(4)
process.stdout.write(`  ${'system packages'.padEnd(22)} ${failed ? 'FAILED after' : 'ok'} ${seconds} s\n`)
process.exitCode = failed ? 1 : 0
