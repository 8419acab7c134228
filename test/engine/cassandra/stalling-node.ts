import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A way to a node that lets clients log in and then falls silent: for what a node does that freezes meanwhile. */
export interface StallingNode {
  readonly contactPoint: string
  /** A client has asked something that it will get no answer to. */
  readonly asked: boolean
  close(): void
}

/** Where a frame of the protocol (v3 and later) says what it is, and the kind of it that stays unanswered. */
const opcodeAt = 4
const query = 0x07

export async function startStallingNode(node: {
  readonly host: string
  readonly port: number
}): Promise<StallingNode> {
  const sockets = new Set<Socket>()
  let asked = false
  const kept = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('error', () => undefined)
  }
  const server = createServer((client) => {
    const behind = kept(connect(node.port, node.host))
    behind.pipe(kept(client))
    let stalled = false
    client.on('data', (bytes: Buffer) => {
      // The driver waits for each answer before it says more, so that a frame is a read.
      stalled ||= bytes[opcodeAt] === query
      if (stalled) asked = true
      else behind.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    contactPoint: `127.0.0.1:${port}`,
    get asked() {
      return asked
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
