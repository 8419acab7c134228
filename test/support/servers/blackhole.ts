import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A server that accepts connections, reads what comes and never answers. */
export interface Blackhole {
  /** host:port */
  address: string
  port: number
  /** Resolves when a client has sent its first byte: it is now waiting for an answer. */
  reached: Promise<void>
  close(): Promise<void>
}

export async function startBlackhole(): Promise<Blackhole> {
  const sockets = new Set<Socket>()
  let reach = (): void => undefined
  const reached = new Promise<void>((resolve) => (reach = resolve))
  const server = createServer((socket) => {
    sockets.add(socket.unref())
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', () => reach())
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    port,
    reached,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
