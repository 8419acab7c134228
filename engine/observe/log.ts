import { systemClock, type Clock } from '../component/contracts/clock.ts'
import { MillraceError, sentenceOf } from '../errors.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** What belongs to a line besides its sentence. `topology`, `task` and `node` come first where they are given. */
export type LogFields = Readonly<Record<string, unknown>>

/** Tells people what a worker does. Never the values or keys of records, never secrets. */
export interface Logger {
  debug(sentence: string, fields?: LogFields): void
  info(sentence: string, fields?: LogFields): void
  warn(sentence: string, fields?: LogFields): void
  /** `error` among the fields may be anything that was thrown: its code, class and sentence are logged. */
  error(sentence: string, fields?: LogFields): void
  /** A logger whose lines all have these fields. It shares the count of repeats. */
  with(fields: LogFields): Logger
  /** Says how often held-back lines came again; to be called before the process ends. */
  flush(): void
}

/** How a log is written. */
export interface LogOptions {
  /** The least grave level that is written. Default: info. */
  readonly level?: LogLevel
  /** `json`: one object a line, for machines. `human`: short lines, for a terminal. */
  readonly format?: 'json' | 'human'
  readonly write: (line: string) => void
  readonly clock?: Clock
  /** Texts that must not appear, wherever they come from. */
  readonly secrets?: readonly string[]
  /** Of lines that say the same, one is written in this time, and then how many there were. Default: 10 s. */
  readonly repeatMs?: number
}

/** Makes the log of a process. */
export function createLogger(options: LogOptions): Logger {
  return new LineLogger(new LineWriter(options), {})
}

/** Writes nothing. */
export const noLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => noLogger,
  flush: () => undefined,
}

class LineLogger implements Logger {
  readonly #writer: LineWriter
  readonly #fields: LogFields

  constructor(writer: LineWriter, fields: LogFields) {
    this.#writer = writer
    this.#fields = fields
  }

  debug(sentence: string, fields?: LogFields): void {
    this.#writer.take('debug', sentence, { ...this.#fields, ...fields })
  }

  info(sentence: string, fields?: LogFields): void {
    this.#writer.take('info', sentence, { ...this.#fields, ...fields })
  }

  warn(sentence: string, fields?: LogFields): void {
    this.#writer.take('warn', sentence, { ...this.#fields, ...fields })
  }

  error(sentence: string, fields?: LogFields): void {
    this.#writer.take('error', sentence, { ...this.#fields, ...fields })
  }

  with(fields: LogFields): Logger {
    return new LineLogger(this.#writer, { ...this.#fields, ...fields })
  }

  flush(): void {
    this.#writer.flush()
  }
}

interface Repeat {
  readonly level: LogLevel
  readonly sentence: string
  readonly fields: LogFields
  readonly cancel: () => void
  more: number
}

/** More different lines than this at a time are no repeats any more: the oldest are told and forgotten. */
const maxRepeats = 500

class LineWriter {
  readonly #options: LogOptions
  readonly #clock: Clock
  readonly #least: number
  readonly #repeats = new Map<string, Repeat>()

  constructor(options: LogOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#least = logLevels.indexOf(options.level ?? 'info')
  }

  take(level: LogLevel, sentence: string, fields: LogFields): void {
    if (logLevels.indexOf(level) < this.#least) return
    const what = repeatKey(level, sentence, fields)
    const before = this.#repeats.get(what)
    if (before !== undefined) {
      before.more++
      return
    }
    this.#write(level, sentence, fields)
    const cancel = this.#clock.after(this.#options.repeatMs ?? 10_000, () => this.#settle(what))
    this.#repeats.set(what, { level, sentence, fields, cancel, more: 0 })
    if (this.#repeats.size > maxRepeats) this.#settle(this.#repeats.keys().next().value!)
  }

  flush(): void {
    for (const what of [...this.#repeats.keys()]) this.#settle(what)
  }

  #settle(what: string): void {
    const repeat = this.#repeats.get(what)
    if (repeat === undefined) return
    this.#repeats.delete(what)
    repeat.cancel()
    if (repeat.more === 0) return
    this.#write(repeat.level, `${repeat.sentence} … ${repeat.more} times more`, repeat.fields)
  }

  #write(level: LogLevel, sentence: string, fields: LogFields): void {
    const clean = cleaner(this.#options.secrets ?? [])
    const time = new Date(this.#clock.now()).toISOString()
    const told = tellable(fields, clean)
    const line =
      this.#options.format === 'human'
        ? humanLine(time, level, clean(sentence), told)
        : JSON.stringify({ time, level, message: clean(sentence), ...told })
    this.#options.write(line)
  }
}

/** Lines that differ only in numbers (offsets, times, counts) say the same. */
function repeatKey(level: LogLevel, sentence: string, fields: LogFields): string {
  const code = fields['error'] instanceof MillraceError ? fields['error'].code : fields['code']
  const where = [fields['topology'], fields['node'], code].map((part) => textOf(part ?? ''))
  return [level, ...where, sentence.replaceAll(/\d+/g, '#')].join('\u0000')
}

const secretNames =
  /pass(word|phrase)?$|secret|token|credential|authorization|api[-_]?key|private[-_]?key|cookie/i
const firstFields = ['topology', 'task', 'node']

/** The fields as they may be written: in order, without secrets, errors as their code, class and sentence. */
function tellable(fields: LogFields, clean: (text: string) => string): Record<string, unknown> {
  const told: Record<string, unknown> = {}
  const names = Object.keys(fields)
  for (const name of [...firstFields.filter((one) => names.includes(one)), ...names]) {
    const value = fields[name]
    if (name in told || value === undefined) continue
    if (value instanceof Error || name === 'error') Object.assign(told, errorFields(value, clean))
    else told[name] = secretNames.test(name) ? '***' : plain(value, clean, 0)
  }
  return told
}

function errorFields(error: unknown, clean: (text: string) => string): Record<string, unknown> {
  const sentence = clean(sentenceOf(error))
  if (!(error instanceof MillraceError)) return { error: sentence }
  return { code: error.code, class: error.kind, error: sentence }
}

/** Small plain data; what is large or deep is named, not shown, since it may hold a record. */
function plain(value: unknown, clean: (text: string) => string, depth: number): unknown {
  if (typeof value === 'string') return clean(value)
  if (typeof value === 'bigint') return String(value)
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`
  if (typeof value !== 'object') return `(${typeof value})`
  if (depth >= 3) return '(…)'
  if (Array.isArray(value)) return value.slice(0, 20).map((item) => plain(item, clean, depth + 1))
  const copy: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value).slice(0, 20)) {
    copy[name] = secretNames.test(name) ? '***' : plain(item, clean, depth + 1)
  }
  return copy
}

/** Takes known secrets, and credentials in addresses, out of a text. */
function cleaner(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter((secret) => secret.length >= 4)
  return (text) => {
    let clean = text.replaceAll(/(:\/\/)[^\s/@]+@/g, '$1***@')
    clean = clean.replaceAll(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, '$1 ***')
    for (const secret of known) clean = clean.replaceAll(secret, '***')
    return clean
  }
}

const marks: Readonly<Record<LogLevel, string>> = { debug: '.', info: ' ', warn: '!', error: '✗' }

function humanLine(time: string, level: LogLevel, sentence: string, told: Record<string, unknown>): string {
  const { topology, task, node, error, ...rest } = told
  const where = [task ?? topology, node].filter((part) => part !== undefined).map((part) => textOf(part))
  const parts = [`${time.slice(11, 19)} ${marks[level]}`]
  if (where.length > 0) parts.push(`${where.join(' ')}:`)
  parts.push(error === undefined ? sentence : `${sentence}: ${textOf(error)}`)
  const extra = Object.entries(rest).map(([name, value]) => `${name}=${textOf(value)}`)
  if (extra.length > 0) parts.push(`(${extra.join(' ')})`)
  // What comes from elsewhere must not look like a line of its own, nor steer the terminal.
  return parts
    .join(' ')
    .replaceAll(/[\r\n]+/g, ' ⏎ ')
    .replaceAll(/\p{Cc}/gu, '�')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
