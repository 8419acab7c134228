// What the proxy does to connections, with a server that answers each byte with ten.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { startProxy, type Proxy } from '../support/servers/proxy.ts'

let server: Server
let proxy: Proxy
/** Bytes that have reached the server. */
let reached = 0
beforeEach(async () => {
  reached = 0
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      reached += bytes.length
      socket.write(Buffer.alloc(10 * bytes.length, 'x'))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await startProxy()
  proxy.forwardTo((server.address() as AddressInfo).port)
})
afterEach(async () => {
  await proxy.close()
  server.close()
})

interface Client {
  readonly socket: Socket
  /** Bytes that have come back. */
  got: number
  broken: boolean
}

async function open(): Promise<Client> {
  const client: Client = { socket: connect(proxy.port, '127.0.0.1'), got: 0, broken: false }
  client.socket.on('data', (bytes) => (client.got += bytes.length))
  client.socket.on('error', () => undefined)
  client.socket.on('close', () => (client.broken = true))
  await once(client.socket, 'connect')
  return client
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('passes on what comes, both ways', async () => {
  const client = await open()
  client.socket.write('abc')
  await until(() => client.got === 30)
  expect([reached, client.broken]).toEqual([3, false])
  client.socket.destroy()
})

test('is silent in one direction, and delivers all of it afterwards', async () => {
  const client = await open()
  proxy.stall('responses')
  client.socket.write('abc')
  await until(() => reached === 3)
  expect(client.got).toBe(0)
  proxy.pass()
  await until(() => client.got === 30)

  proxy.stall('requests')
  client.socket.write('abc')
  const other = await open()
  other.socket.write('abc')
  expect([reached, client.got, other.got]).toEqual([3, 30, 0])
  proxy.pass()
  await until(() => client.got === 60 && other.got === 30)
  client.socket.destroy()
  other.socket.destroy()
})

test('breaks connections in the middle of an answer, each after as many bytes', async () => {
  const before = await open()
  before.socket.write('abc')
  await until(() => before.got === 30)
  proxy.cutAfter(45, 'responses')
  const after = await open()
  for (const client of [before, after]) client.socket.write('abcdef')
  await until(() => before.broken && after.broken)
  expect([before.got, after.got, reached]).toEqual([75, 45, 15])
  proxy.pass()
  const third = await open()
  third.socket.write('abcdef')
  await until(() => third.got === 60)
  third.socket.destroy()
})

test('throttles: what is sent at once comes bit by bit, and in order', async () => {
  const client = await open()
  proxy.throttle(20_000)
  const began = performance.now()
  client.socket.write(Buffer.alloc(100))
  client.socket.write(Buffer.alloc(100))
  await until(() => client.got === 2000)
  // 2000 bytes at 20,000 a second; timers may be a little early.
  expect(performance.now() - began).toBeGreaterThan(90)
  client.socket.destroy()
})
