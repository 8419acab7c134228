// Runs the real command line in processes of its own, and makes projects for it to run in.
import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from '@jest/globals'

/** The repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url))
const main = join(root, 'main.ts')

/** What a command line answered, and how its process ended. */
export interface Ran {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What it reads from standard input; without it there is none. */
  readonly input?: string | Buffer
  /** Flags of node itself. */
  readonly node?: readonly string[]
  /** Goes before node: a shell's limit, another user. */
  readonly prefix?: readonly string[]
  /** Another program than the command line. */
  readonly program?: string
  /** Its standard input stays open, for `say`. */
  readonly talks?: boolean
}

const living = new Set<ChildProcess>()

/** Kills what a failed test has left behind. For `afterAll`. */
export function killLeftovers(): void {
  for (const child of living) child.kill('SIGKILL')
}

/** A command line that is under way. */
export class Running {
  readonly #child: ChildProcess
  readonly #ended: Promise<Ran>
  readonly #listeners = new Set<() => void>()
  #isOver = false
  stdout = ''
  stderr = ''

  constructor(words: readonly string[], options: RunOptions) {
    const { cwd = root, env = {}, input, node = [], prefix = [], talks = false } = options
    const flags = ['--disable-warning=ExperimentalWarning', ...node]
    const all = [...prefix, process.execPath, ...flags, options.program ?? main, ...words]
    const [program = process.execPath, ...rest] = all
    const child = spawn(program, rest, { cwd, env: cleanEnv(env), stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    living.add(child)
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#told({ stdout: text }))
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#told({ stderr: text }))
    // A command that does not read its input ends before all of it is written.
    child.stdin.on('error', () => undefined)
    if (!talks) child.stdin.end(input)
    this.#ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        living.delete(child)
        this.#isOver = true
        this.#told({})
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** How it ended. */
  get ended(): Promise<Ran> {
    return this.#ended
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Writes to its standard input. */
  say(text: string): void {
    this.#child.stdin!.write(text)
  }

  /** Reads no more of its output. */
  hangUp(): void {
    this.#child.stdout!.destroy()
  }

  /** Waits until `look` answers something; rejects when the process ends before. */
  async until<T>(look: (so: { stdout: string; stderr: string }) => T | null | undefined | false): Promise<T> {
    for (;;) {
      const found = look(this)
      if (found !== null && found !== undefined && found !== false) return found
      if (this.#isOver) throw new Error(`It ended before that:\n${this.stdout}\n${this.stderr}`)
      await new Promise<void>((resolve) => this.#listeners.add(resolve))
    }
  }

  /** Where it serves its metrics. */
  url(): Promise<string> {
    return this.until(({ stderr }) => /served at (http:[^"\s]+)/.exec(stderr)?.[1])
  }

  #told({ stdout = '', stderr = '' }: { stdout?: string; stderr?: string }): void {
    this.stdout += stdout
    this.stderr += stderr
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }
}

function cleanEnv(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH } = process.env
  // Starting takes half as long where the modules are compiled already.
  const NODE_COMPILE_CACHE = join(root, 'node_modules', '.cache', 'millrace-e2e')
  // Nothing of this machine: no settings of git, no options of node, no traces.
  return {
    PATH,
    NODE_COMPILE_CACHE,
    HOME: tmpdir(),
    USER: 'tester',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    ...env,
  }
}

let free = Math.max(2, availableParallelism())
const waiting: (() => void)[] = []

/** Runs a command line to its end. No more of them run at once than there are processors. */
export async function millrace(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve))
  else free--
  try {
    return await new Running(words, options).ended
  } finally {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
}

/** The JSON that a command line answered; it must have gone well. */
export function answer<T = Record<string, unknown>>(ran: Ran): T {
  expect({ code: ran.code, stderr: unlogged(ran.stderr) }).toEqual({ code: 0, stderr: [] })
  return JSON.parse(ran.stdout) as T
}

/** The lines for people: those that are no entries of the log. */
export function unlogged(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !/^\{"time":".*\}$/.test(line))
}

/** It ended with one sentence on standard error, and the exit code. */
export function expectRefusal(ran: Ran, code: number, sentence: RegExp | string): void {
  const lines = unlogged(ran.stderr)
  const text = lines.join('\n')
  expect({ code: ran.code, signal: ran.signal, text }).toMatchObject({ code, signal: null })
  expect(text).toMatch(sentence)
  expectQuiet(ran)
  expect({ lines, count: lines.length }).toMatchObject({ count: 1 })
  expect(text).toMatch(/^millrace: .*[.?]$/)
  expect(ran.stdout).toBe('')
}

/** There is no stack trace in it, and no word of a defect. */
export function expectQuiet({ stdout, stderr }: Ran): void {
  expect(`${stdout}\n${stderr}`).not.toMatch(/^ {4}at |internal error|node:internal|\[object |undefined/m)
}

/** What `run -o json` tells of a topology. */
export interface Summary {
  readonly topology: string
  readonly consumed: number
  readonly duplicates: number
  readonly replays: number
  readonly dropped: number
  readonly deadLettered: number
  readonly skipped: number
  readonly stored: number
  readonly elapsedMs: number
  readonly recordsPerSecond: number
}

/** Checks that a summary's numbers add up, and answers it. */
export function addedUp(summary: Summary): Summary {
  const { consumed, stored, duplicates, dropped, deadLettered, skipped } = summary
  expect({ ...summary, sum: stored + duplicates + dropped + deadLettered + skipped }).toMatchObject({
    sum: consumed,
  })
  return summary
}

/** An order as the project's schema has it. */
export interface Order {
  readonly id: string
  readonly customer: string
  readonly status: string
  readonly amount: number
  readonly at: number
}

const firstOrder = Date.UTC(2026, 0, 1)

/** Orders `from` to `to` (exclusive) of three customers, a second apart. */
export function orders(
  from: number,
  to: number,
  change: (n: number) => Partial<Order> = () => ({}),
): Order[] {
  return Array.from({ length: to - from }, (_, index) => {
    const n = from + index
    return {
      id: `o${n}`,
      customer: `c${n % 3}`,
      status: 'OPEN',
      amount: n,
      at: firstOrder + n * 1000,
      ...change(n),
    }
  })
}

export function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

/** A project's files: topic `orders` into the table of orders, and a copy of what is paid into a topic. */
export const projectFiles: Readonly<Record<string, string>> = {
  'schemas/orders/Order.v1.avsc': JSON.stringify({
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'customer', type: 'string' },
      { name: 'status', type: 'string' },
      { name: 'amount', type: 'long' },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ],
  }),
  'cql/0001-orders.cql': `CREATE TABLE orders_by_customer (
  customer text, at timestamp, id text, hash text, status text, amount bigint,
  PRIMARY KEY ((customer), at, id, hash)
) WITH CLUSTERING ORDER BY (at DESC, id ASC, hash ASC);
`,
  'cql/queries/orders-of.cql': `-- summary: The orders of a customer, newest first.
-- param customer text  whose orders
-- param before timestamp = now  orders older than this
SELECT at, id, status, amount FROM orders_by_customer WHERE customer = :customer AND at < :before;
`,
  'topologies/orders.yaml': `name: orders
description: Stores what is ordered.
sources:
  orders: { type: topic, topic: orders, schema: shop.Order, timestamp: at }
processors:
  valid: { type: validate, from: orders, fields: { status: { oneOf: [OPEN, PAID, TEST] } } }
  unique: { type: dedupe, from: valid, by: id, window: 7d }
  real: { type: filter, from: unique, field: status, not: TEST }
sinks:
  table: { type: table, from: real, table: orders_by_customer, hash: { of: [id, customer, status, amount, at] } }
`,
}

/** Where the project's orders go. */
export const produceOrders = [
  'produce',
  'orders',
  '--schema',
  'shop.Order',
  '--key',
  'customer',
  '-o',
  'json',
]

/** A folder with a project in it. */
export class TestProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-e2e-'))

  constructor(files: Readonly<Record<string, string>> = projectFiles) {
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts)
  }

  write(name: string, text: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  /** Replaces text in a file; the text must be there. */
  edit(name: string, from: string, to: string): void {
    const text = readFileSync(this.path(name), 'utf8')
    expect(text).toContain(from)
    this.write(name, text.replace(from, to))
  }

  /** Another folder with a copy of the store. */
  copyStore(name: string): string {
    cpSync(this.path('.millrace'), this.path(name, '.millrace'), { recursive: true })
    return this.path(name)
  }

  run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return millrace(words, { cwd: this.folder, ...options })
  }

  start(words: readonly string[], options: RunOptions = {}): Running {
    return new Running(words, { cwd: this.folder, ...options })
  }

  async produce(records: readonly Order[], flags: readonly string[] = []): Promise<void> {
    const ran = await this.run([...produceOrders, ...flags], { input: jsonLines(records) })
    expect(answer(ran)).toMatchObject({ produced: records.length, refused: 0 })
  }

  /** Runs the topology of orders to its end. */
  async runOrders(flags: readonly string[] = []): Promise<Summary> {
    const ran = await this.run(['run', 'topologies/orders.yaml', '--until-end', '-o', 'json', ...flags])
    return addedUp(answer<Summary>(ran))
  }

  /** The ids of the stored orders, of customers c0 to c2. */
  async storedIds(flags: readonly string[] = []): Promise<string[]> {
    const reads = ['c0', 'c1', 'c2'].map(async (customer) => {
      const words = [
        'query',
        'orders-of',
        `customer=${customer}`,
        '--limit',
        '100000',
        '-o',
        'json',
        ...flags,
      ]
      return answer<{ rows: { id: string }[] }>(await this.run(words)).rows.map(({ id }) => id)
    })
    return (await Promise.all(reads)).flat().sort(byNumber)
  }

  remove(): void {
    killLeftovers()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** `o2` before `o10`. */
export function byNumber(left: string, right: string): number {
  return Number(left.slice(1)) - Number(right.slice(1))
}
