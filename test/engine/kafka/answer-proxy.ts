// A proxy that understands as much of Kafka's protocol as is needed to lose one answer and to hold another back.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Requests by their number in Kafka's protocol. */
export const requests = { produce: 0, endTransaction: 26, commitOffsets: 28 }

export interface AnswerProxy {
  /** One for each broker. */
  readonly ports: readonly number[]
  forwardTo(ports: readonly number[]): void
  /**
   * The next answer of a broker to a produce request is thrown away, and the connection broken; nobody may connect to that broker any
   * more. Answers to requests of the kind `held` wait until then, and a moment longer.
   */
  loseProduced(held: number): void
  /** Resolves when an answer was lost. */
  lost(): Promise<void>
  /** Clients may connect again. */
  pass(): void
  close(): Promise<void>
}

/** How long librdkafka takes to see that a connection is gone, at the most. */
const momentMs = 100

export async function startAnswerProxy(brokers: number): Promise<AnswerProxy> {
  let targets: readonly number[] = []
  let held: number | undefined
  let lost = Promise.withResolvers<void>()
  const refusing = new Set<number>()

  const accept = (client: Socket, at: number): void => {
    if (refusing.has(at)) return void client.resetAndDestroy()
    const broker = connect(targets[at]!, '127.0.0.1')
    const kinds = new Map<number, number>()
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const)
      one.on('error', () => undefined).on('close', () => other.destroy())
    frames(client, (frame) => {
      kinds.set(frame.readInt32BE(8), frame.readInt16BE(4))
      broker.write(frame)
    })
    frames(broker, (frame) => {
      const kind = kinds.get(frame.readInt32BE(4))
      if (held !== undefined && refusing.size === 0 && kind === requests.produce) {
        refusing.add(at)
        client.resetAndDestroy()
        setTimeout(lost.resolve, momentMs)
      } else if (held !== undefined && kind === held) void lost.promise.then(() => client.write(frame))
      else client.write(frame)
    })
  }

  const servers = Array.from({ length: brokers }, (_, at) => createServer((client) => accept(client, at)))
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    forwardTo: (ports) => (targets = ports),
    loseProduced: (kind) => {
      held = kind
      lost = Promise.withResolvers()
    },
    lost: () => lost.promise,
    pass: () => {
      held = undefined
      refusing.clear()
    },
    close: async () => {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

/** Whole requests or answers, each with its length before it. */
function frames(socket: Socket, take: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (data) => {
    rest = Buffer.concat([rest, data])
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE()) {
      const end = 4 + rest.readInt32BE()
      take(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  })
}
