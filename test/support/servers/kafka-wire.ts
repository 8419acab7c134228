// One request of Kafka's protocol, without a client library: who are you, and what do you know? A library would
// follow the addresses that a broker advertises; this asks the very port.

import { connect } from 'node:net'

/** What one broker answers to a metadata request. */
export interface Metadata {
  clusterId: string | null
  /** Nodes with the address that they advertise on the listener that was asked. */
  brokers: { id: number; host: string; port: number }[]
  topics: { name: string; error: number; partitions: PartitionMetadata[] }[]
}

export interface PartitionMetadata {
  partition: number
  error: number
  /** Node id, -1 while there is none. */
  leader: number
  replicas: number[]
  inSync: number[]
}

// Version 5 is the last but one that all brokers from 1.0 to 4.x answer and that has no tagged fields.
const metadataKey = 3
const metadataVersion = 5
const correlation = 7

/**
 * Asks the broker behind a plaintext port.
 *
 * @param topics  names to ask for; none by default
 * @throws Error where nobody answers within `timeout` milliseconds, or not in Kafka's protocol
 */
export async function askMetadata(
  port: number,
  {
    host = '127.0.0.1',
    topics = [],
    timeout = 2000,
  }: { host?: string; topics?: readonly string[]; timeout?: number } = {},
): Promise<Metadata> {
  return parseMetadata(await exchange(host, port, metadataRequest(topics), timeout))
}

function metadataRequest(topics: readonly string[]): Buffer {
  const parts = [int16(metadataKey), int16(metadataVersion), int32(correlation), string('millrace-test-kit')]
  parts.push(int32(topics.length), ...topics.map(string), Buffer.of(0))
  const body = Buffer.concat(parts)
  return Buffer.concat([int32(body.length), body])
}

function exchange(host: string, port: number, request: Buffer, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const chunks: Buffer[] = []
    const fail = (error: Error) => {
      socket.destroy()
      reject(error)
    }
    const timer = setTimeout(() => fail(new Error(`${host}:${port} does not answer`)), timeout)
    socket.once('connect', () => socket.write(request))
    socket.once('error', fail)
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new Error(`${host}:${port} hung up`))
    })
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.length < 4 || all.length < 4 + all.readInt32BE(0)) return
      resolve(all.subarray(4))
      socket.destroy()
    })
  })
}

function parseMetadata(bytes: Buffer): Metadata {
  const reader = new WireReader(bytes)
  if (reader.int32() !== correlation) throw new Error('the answer is not in the protocol of Kafka')
  reader.int32() // throttle time
  const brokers = reader.array(() => {
    const broker = { id: reader.int32(), host: reader.string() ?? '', port: reader.int32() }
    reader.string() // rack
    return broker
  })
  const clusterId = reader.string()
  reader.int32() // controller
  const topics = reader.array(() => {
    const error = reader.int16()
    const name = reader.string() ?? ''
    reader.int8() // internal
    return { name, error, partitions: reader.array(() => readPartition(reader)) }
  })
  return { clusterId, brokers, topics }
}

function readPartition(reader: WireReader): PartitionMetadata {
  const error = reader.int16()
  const partition = reader.int32()
  const leader = reader.int32()
  const replicas = reader.array(() => reader.int32())
  const inSync = reader.array(() => reader.int32())
  reader.array(() => reader.int32()) // offline
  return { partition, error, leader, replicas, inSync }
}

class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int8(): number {
    return this.#bytes.readInt8(this.#skip(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#skip(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#skip(4))
  }

  string(): string | null {
    const length = this.int16()
    if (length < 0) return null
    const start = this.#skip(length)
    return this.#bytes.toString('utf8', start, start + length)
  }

  array<T>(element: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, element)
  }

  #skip(length: number): number {
    const start = this.#at
    this.#at += length
    return start
  }
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([int16(bytes.length), bytes])
}
