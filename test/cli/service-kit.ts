// A service over a project with parked letters, in this process and over real HTTP.
import { afterEach, beforeEach, expect } from '@jest/globals'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ActEntry } from '../../cli/letters/audit.ts'
import { changeKeys } from '../../engine/access/key-file.ts'
import { makeKey } from '../../engine/access/keys.ts'
import { runCommandLine } from '../../cli/command-line/main-loop.ts'
import { parkingProject, someLetters } from './parking-project.ts'

/** What came back. */
export interface Reply<Body = Record<string, unknown>> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

export interface Request {
  readonly key?: string | undefined
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A service that runs. */
export class TestService {
  readonly lines: string[] = []
  readonly #stop = new AbortController()
  readonly #code: Promise<number>
  #url: Promise<string>

  constructor(cwd: string, flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const started = Promise.withResolvers<string>()
    this.#url = started.promise
    this.#url.catch(() => undefined)
    this.#code = runCommandLine(
      ['serve', ...(flags.includes('--env') ? [] : ['--http', '127.0.0.1:0']), ...flags],
      {
        out: (line) => started.resolve(/ at (\S+)$/.exec(line)![1]!),
        err: (line) => this.lines.push(line),
        cwd,
        env,
        signal: this.#stop.signal,
        loadRegistry: async () => ({ sources: {}, processors: {}, sinks: {} }),
      },
    ).finally(() => started.reject(new Error(`It did not start: ${this.lines.join('\n')}`)))
  }

  url(): Promise<string> {
    return this.#url
  }

  async ask<Body = Record<string, unknown>>(path: string, request: Request = {}): Promise<Reply<Body>> {
    const { key, body, method = body === undefined ? 'GET' : 'POST', headers = {} } = request
    const response = await fetch(`${await this.#url}${path}`, {
      method,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as Body,
    }
  }

  /** Asks for something that is refused: the answer must be a problem, in one sentence. */
  async refused(
    path: string,
    request: Request,
    status: number,
  ): Promise<Reply & { readonly detail: string }> {
    const reply = await this.ask(path, request)
    const { detail } = reply.body
    expect({ status: reply.status, type: reply.headers.get('content-type'), body: reply.body }).toEqual({
      status,
      type: 'application/problem+json; charset=utf-8',
      body: {
        ...{
          type: 'about:blank',
          title: expect.any(String),
          status,
          code: expect.stringMatching(/^[A-Z_]+$/),
        },
        ...{ detail: expect.stringMatching(/^\S.*\.$/s), requestId: reply.headers.get('x-request-id') },
      },
    })
    return { ...reply, detail: String(detail) }
  }

  /** The lines of the log about acts. */
  acts(): Record<string, unknown>[] {
    return this.lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ message }) => message === 'act')
  }

  /** Asks it to stop; answers its exit code. */
  stop(): Promise<number> {
    this.#stop.abort()
    return this.#code
  }

  /** Waits until it ended by itself. */
  ended(): Promise<number> {
    return this.#code
  }
}

/** Puts a key into a file of keys; answers the key. */
export async function issue(
  file: string,
  scopes: readonly string[],
  owner = 'ada',
  expires?: number,
): Promise<string> {
  const { text, entry } = makeKey({ owner, scopes, now: Date.now(), expires })
  await changeKeys(file, (keys) => ({ keys: [...keys, entry], result: undefined }))
  return text
}

/** Writes a file of a project. */
export function write(folder: string, name: string, text: string): void {
  mkdirSync(join(folder, name, '..'), { recursive: true })
  writeFileSync(join(folder, name), text)
}

/** For each test a project with letters, and the services that it starts, which end with it. */
export class ServiceTests {
  project!: ReturnType<typeof parkingProject>
  #services: TestService[] = []

  constructor() {
    beforeEach(async () => {
      this.project = parkingProject()
      await this.project.park(someLetters)
    })
    afterEach(async () => {
      await Promise.all(this.#services.map((one) => one.stop()))
      this.#services = []
      this.project.remove()
    })
  }

  get keysFile(): string {
    return join(this.project.folder, '.millrace', 'keys.json')
  }

  /** A new key of ada. */
  key(...scopes: string[]): Promise<string> {
    return issue(this.keysFile, scopes)
  }

  serve(flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): TestService {
    const one = new TestService(this.project.folder, flags, env)
    this.#services.push(one)
    return one
  }

  /** The flags for an access file with that text. */
  access(text: string): string[] {
    write(this.project.folder, 'access.yaml', text)
    return ['--access', 'access.yaml']
  }

  /** What is in millrace.acts. */
  async acts(): Promise<ActEntry[]> {
    return (await this.project.acts()) as unknown as ActEntry[]
  }
}

/** Every scope there is. */
export const all = ['dlq:read', 'dlq:release', 'dlq:replay', 'dlq:discard']
