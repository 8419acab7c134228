// The test kit's Redis.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { fileURLToPath } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startRedis, type RedisServer } from '../support/servers/redis.ts'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis({ password: 'a b' })
})

afterAll(() => redis.close())

/** Sends lines, and answers with what comes back for them. */
function ask(
  lines: readonly string[],
  { port, timeout = 5000 }: { port: number; timeout?: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    let answer = ''
    socket.setTimeout(timeout, () => socket.destroy(new Error('silence')))
    socket.on('error', reject)
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.on('end', () => resolve(answer))
    socket.write(`${['AUTH "a b"', ...lines, 'QUIT'].join('\r\n')}\r\n`)
  })
}

test('keeps what it has acknowledged through SIGKILL', async () => {
  expect(await ask(['SET k v'], redis)).toBe('+OK\r\n+OK\r\n+OK\r\n')
  await redis.stop('SIGKILL')
  expect(redis.pid()).toBeUndefined()
  await expect(ask(['GET k'], redis)).rejects.toThrow('ECONNREFUSED')
  await redis.start()
  expect(await ask(['GET k'], redis)).toBe('+OK\r\n$1\r\nv\r\n+OK\r\n')
  await redis.stop()
  await redis.start()
  expect(await ask(['GET k'], redis)).toContain('v')
})

test('frozen, it does not answer', async () => {
  redis.pause()
  await expect(ask(['PING'], { port: redis.port, timeout: 300 })).rejects.toThrow('silence')
  redis.resume()
  expect(await ask(['PING'], redis)).toContain('PONG')
})

test('dies with the process that started it', async () => {
  const kit = fileURLToPath(new URL('../support/servers/redis.ts', import.meta.url))
  const script = `const { startRedis } = await import('${kit}'); console.log((await startRedis()).pid()); setInterval(() => 0, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [text] = (await once(child.stdout, 'data')) as [Buffer]
  const pid = Number(text.toString())
  expect(() => process.kill(pid, 0)).not.toThrow()
  child.kill('SIGKILL')
  const deadline = Date.now() + 10_000
  for (let alive = true; alive; await wait(20)) {
    try {
      process.kill(pid, 0)
    } catch {
      alive = false
    }
    if (Date.now() > deadline) throw new Error('it is still alive')
  }
})
