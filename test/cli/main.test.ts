// main.ts as a process of its own: what only a process shows.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { commands } from '../../cli/command-line/commands.ts'
import { makeProject } from './command-line.ts'

const main = fileURLToPath(new URL('../../main.ts', import.meta.url))
let project: ReturnType<typeof makeProject>

beforeAll(() => {
  project = makeProject()
})
afterAll(() => project.remove())

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

interface Started {
  readonly child: ReturnType<typeof start>
  readonly ended: Promise<Ended>
}

const start = (words: readonly string[], env: NodeJS.ProcessEnv, options: readonly string[]) =>
  spawn(process.execPath, [...options, main, ...words], {
    cwd: project.folder,
    env: { ...process.env, ...env },
  })

function launch(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
  options: readonly string[] = [],
): Started {
  const child = start(words, env, options)
  const text = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()))
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, ...text })),
  )
  return { child, ended }
}

const run = (words: readonly string[], env?: NodeJS.ProcessEnv, options?: readonly string[]) =>
  launch(words, env, options).ended

/** Resolves when the process has printed this on standard error. */
const printed = (child: Started['child'], what: RegExp) =>
  new Promise<void>((resolve) => {
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (what.test(text)) resolve()
    })
  })

describe('help', () => {
  test('lists every command, and opens no client, no database and no component', async () => {
    const trace = { NODE_DEBUG: 'esm' }
    const { code, out } = await run(['--help'])
    expect(code).toBe(0)
    for (const { name, summary } of commands) expect(out).toContain(`${name.padEnd(9)}  ${summary}`)
    const { err } = await run(['--help'], trace)
    expect(err).toMatch(/main-loop\.ts/)
    expect(err).not.toMatch(/node_modules\/(rxjs|zod|avsc|yaml|prom-client)|engine\/(embedded|avro|runtime)/)
  })

  test('of a command: summary, usage, flags, example', async () => {
    const { code, out, err } = await run(['produce', '--help'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^Writes records into a topic/)
    expect(out).toContain('Usage: millrace produce TOPIC')
    expect(out).toMatch(/--schema NAME +the full name/)
    expect(out).toMatch(/--output, -o FORMAT/)
    expect(out).toContain('Examples:')
  })

  test('--version', async () => {
    expect((await run(['--version'])).out).toMatch(/^millrace \d+\.\d+\.\d+\n$/)
  })
})

describe('errors', () => {
  test('nothing at all: the overview, on standard error', async () => {
    const { code, out, err } = await run([])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Usage: millrace COMMAND')
  })

  test('a misspelt command', async () => {
    expect(await run(['prodcue'])).toMatchObject({
      code: 2,
      out: '',
      err: 'millrace: There is no command "prodcue": did you mean produce?\n',
    })
  })

  test('a defect is told as such, with its stack on request', async () => {
    const broken = [
      '--import',
      'data:text/javascript,process.nextTick(()=>setImmediate(()=>{throw new RangeError("broken")}))',
    ]
    const words = ['produce', 'events', '--raw']
    const { code, err } = await run(words, {}, broken)
    expect([code, err]).toEqual([
      1,
      'millrace: internal error: broken (set MILLRACE_TRACE=1 for the stack)\n',
    ])
    const traced = await run(words, { MILLRACE_TRACE: '1' }, broken)
    expect(traced.err).toMatch(/^millrace: internal error: broken\nRangeError: broken\n {4}at /)
  })

  test('no word about SQLite being experimental, and other warnings are shown', async () => {
    const { err } = await run(['query', 'notes-of', 'owner=a'])
    expect(err).not.toMatch(/experimental/i)
    const warning = 'data:text/javascript,setImmediate(()=>process.emitWarning("mind the gap"))'
    expect((await run(['--version'], {}, ['--import', warning])).err).toContain('mind the gap')
  })
})

describe('the process', () => {
  test('reads standard input, and writes what it is given', async () => {
    const { child, ended } = launch(['produce', 'piped', '--raw', '-o', 'json'])
    child.stdin.end('one\ntwo\n\nthree')
    const { code, out, err } = await ended
    expect([code, err]).toEqual([0, ''])
    expect(JSON.parse(out)).toMatchObject({ produced: 3, refused: 0, topic: 'piped' })
  })

  test('a reader that goes away ends it quietly', async () => {
    const { child, ended } = launch(['--help'])
    child.stdout.destroy()
    expect(await ended).toMatchObject({ code: 0, signal: null, err: '' })
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s stops it in order', async (signal) => {
    const { child, ended } = launch(['produce', 'stopped', '--raw'])
    const refused = printed(child, /line 1: /)
    child.stdin.write(`${'x'.repeat(17 * 1024 * 1024)}\n`)
    await refused
    child.kill(signal)
    const { code, err } = await ended
    expect(code).toBe(1)
    expect(err).toContain('millrace: stopped: 0 records are written')
  })

  test('a second signal ends it at once', async () => {
    // A command that does not listen: the registry of components never comes.
    const source = `process.on('SIGINT', () => console.error('heard'))
      setInterval(() => {}, 1000)
      console.error('deaf')
      await new Promise(() => {})`
    const hook = `import { registerHooks } from 'node:module'
      const source = ${JSON.stringify(source)}
      registerHooks({ load: (url, context, next) => url.endsWith('/sources/index.ts')
        ? { format: 'module', shortCircuit: true, source } : next(url, context) })`
    const deaf = `data:text/javascript,${encodeURIComponent(hook)}`
    const { child, ended } = launch(['run', 'topologies/notes.yaml'], {}, ['--import', deaf])
    const heard = printed(child, /heard/)
    await printed(child, /deaf/)
    child.kill('SIGINT')
    await heard
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, signal: null, err: 'deaf\nheard\n' })
  })
})
