import { afterEach, expect, test } from '@jest/globals'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { startBlackhole } from '../support/servers/blackhole.ts'
import { startProxy, type Proxy } from '../support/servers/proxy.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A server that answers each chunk with the same in capitals, and remembers what it got. */
async function shouter(): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      heard.push(chunk.toString())
      socket.write(chunk.toString().toUpperCase())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return { port: (server.address() as AddressInfo).port, heard }
}

async function proxied(): Promise<{ proxy: Proxy; heard: string[] }> {
  const { port, heard } = await shouter()
  const proxy = await startProxy()
  ends.unshift(() => proxy.close())
  proxy.forwardTo(port)
  return { proxy, heard }
}

function dial(proxy: Proxy): Socket {
  const socket = connect(proxy.port, '127.0.0.1')
  socket.on('error', () => undefined)
  ends.unshift(() => socket.destroy())
  return socket
}

async function client(proxy: Proxy): Promise<Socket> {
  const socket = dial(proxy)
  await once(socket, 'connect')
  return socket
}

const answer = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0])

/** The next that happens to a connection: an answer or its end. */
const next = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString()))
    socket.once('close', () => resolve('closed'))
  })

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise(setImmediate)
}

test('a proxy passes both ways', async () => {
  const { proxy } = await proxied()
  const socket = await client(proxy)
  socket.write('hello')
  expect(await answer(socket)).toBe('HELLO')
  expect(proxy.connections).toBe(1)
})

test('a cut breaks the open connections, and new ones until it passes again', async () => {
  const { proxy } = await proxied()
  const open = await client(proxy)
  open.write('a')
  await answer(open)
  const broken = next(open)
  proxy.cut()
  expect(await broken).toBe('closed')
  expect(await next(dial(proxy))).toBe('closed')

  proxy.pass()
  const again = await client(proxy)
  again.write('b')
  expect(await answer(again)).toBe('B')
})

test('a single cut lets clients come back at once', async () => {
  const { proxy } = await proxied()
  const open = await client(proxy)
  open.write('a')
  await answer(open)
  const broken = next(open)
  proxy.cutOnce()
  expect(await broken).toBe('closed')
  const again = await client(proxy)
  again.write('b')
  expect(await answer(again)).toBe('B')
})

test('swallowed responses: the server has done it, the client never hears of it', async () => {
  const { proxy, heard } = await proxied()
  const socket = await client(proxy)
  socket.write('one')
  await answer(socket)
  const after = next(socket)
  proxy.swallow('responses')
  socket.write('two')
  await until(() => proxy.swallowed === 3)
  proxy.pass()
  expect(await after).toBe('closed')
  expect(heard).toEqual(['one', 'two'])
})

test('swallowed requests never reach the server', async () => {
  const { proxy, heard } = await proxied()
  const [socket, other] = [await client(proxy), await client(proxy)]
  socket.write('one')
  await answer(socket)
  const after = next(socket)
  proxy.swallow('requests')
  socket.write('two')
  await until(() => proxy.swallowed === 3)
  proxy.pass()
  expect(await after).toBe('closed')
  // A connection that lost nothing goes on.
  other.write('three')
  expect(await answer(other)).toBe('THREE')
  expect(heard).toEqual(['one', 'three'])
})

test('what was stalled arrives, in order, when it passes again', async () => {
  const { proxy, heard } = await proxied()
  const socket = await client(proxy)
  socket.write('one')
  await answer(socket)
  proxy.stall()
  const other = await client(proxy)
  socket.write('two')
  other.write('three')
  const answers = Promise.all([answer(socket), answer(other)])
  // A full turn through another connection of this process, which nothing holds up.
  const beside = await startBlackhole()
  ends.push(() => beside.close())
  connect(beside.port, '127.0.0.1')
    .on('error', () => undefined)
    .write('x')
  await beside.reached
  expect(heard).toEqual(['one'])
  proxy.pass()
  expect(await answers).toEqual(['TWO', 'THREE'])
})

test('a delay keeps the order', async () => {
  const { proxy, heard } = await proxied()
  const socket = await client(proxy)
  proxy.delay(30)
  socket.write('one ')
  await answer(socket)
  socket.write('two ')
  proxy.delay(0)
  socket.write('three')
  let got = ''
  while (got.length < 9) got += await answer(socket)
  expect(got).toBe('TWO THREE')
  expect(heard.join('')).toBe('one two three')
})

test('large transfers come through whole', async () => {
  const { proxy } = await proxied()
  const socket = await client(proxy)
  const size = 20 << 20
  let got = 0
  const all = new Promise<void>((resolve) =>
    socket.on('data', (chunk) => {
      got += chunk.length
      if (got >= size) resolve()
    }),
  )
  for (let sent = 0; sent < size; sent += 1 << 20) socket.write(Buffer.alloc(1 << 20, 'a'))
  await all
  expect(got).toBe(size)
})

test('a black hole takes a request and never answers', async () => {
  const hole = await startBlackhole()
  const socket = connect(hole.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('anybody there?')
  await hole.reached
  const after = next(socket)
  await hole.close()
  expect(await after).toBe('closed')
})
