import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from '@jest/globals'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { fill } from './support/fill.ts'

const program = fileURLToPath(new URL('support/reader-threads.ts', import.meta.url))

let kafka: SharedKafka
let topic: string

beforeAll(async () => {
  kafka = await sharedKafka()
  topic = kafka.uniqueTopic('threads')
  await kafka.createTopic(topic, { partitions: 2 })
  await fill(kafka.bootstrap, topic, { count: 50_000, partitions: 2, size: 100 })
})

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
}

/** A process that has not ended after a minute is killed, which its signal tells. */
function run(what: string): Promise<Ended> {
  const child = spawn(process.execPath, ['--expose-gc', program, what, kafka.bootstrap, topic], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()))
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, output })))
}

test('threads are terminated while their readers read', async () => {
  expect(await run('terminate')).toEqual({ code: 0, signal: null, output: 'terminated 9\n' })
}, 70_000)

test('a process that exits while readers of several threads read ends with its own code', async () => {
  for (let round = 0; round < 5; round++)
    expect(await run('exit')).toEqual({ code: 7, signal: null, output: '' })
})

test('readers that are forgotten without closing end by themselves', async () => {
  expect(await run('forget')).toEqual({ code: 0, signal: null, output: 'forgot 20\n' })
}, 70_000)

test('an open reader does not keep the process alive', async () => {
  expect(await run('idle')).toEqual({ code: 0, signal: null, output: 'idle\n' })
}, 70_000)
