// What is left behind when a test run is killed: nothing that runs.

import { expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { askMetadata } from '../support/servers/kafka-wire.ts'

const kit = (file: string) => JSON.stringify(new URL(`../support/servers/${file}`, import.meta.url).href)

/** Runs a program that starts Kafka and prints where; kills it, and waits until nobody listens any longer. */
async function killed(program: string): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { port, frozen } = JSON.parse(line) as { port: number; frozen?: boolean }
  const answer = askMetadata(port, { timeout: 300 })
  await (frozen ? expect(answer).rejects.toThrow('does not answer') : answer)

  child.kill('SIGKILL')
  await once(child, 'exit')
  // The proof is that this loop ends.
  while (
    (await askMetadata(port, { timeout: 300 }).catch(String)) !==
    `Error: connect ECONNREFUSED 127.0.0.1:${port}`
  );
}

test('a cluster ends with the process that started it', () =>
  killed(`
    import { startKafka } from ${kit('kafka.ts')}
    const kafka = await startKafka({ name: 'orphan' })
    console.log(JSON.stringify({ port: kafka.brokers[0].port }))
    setInterval(() => undefined, 1000)
  `))

test('so does a frozen one', () =>
  killed(`
    import { startKafka } from ${kit('kafka.ts')}
    const kafka = await startKafka({ name: 'frozen-orphan' })
    kafka.pause(1)
    console.log(JSON.stringify({ port: kafka.brokers[0].port, frozen: true }))
    setInterval(() => undefined, 1000)
  `))

test('the shared servers end with the test run', () =>
  killed(`
    import setup from ${kit('setup.ts')}
    import { sharedKafka } from ${kit('shared.ts')}
    await setup()
    const kafka = await sharedKafka()
    console.log(JSON.stringify({ port: kafka.brokers[0].port }))
    setInterval(() => undefined, 1000)
  `))
