// kcat, as an outside witness: librdkafka without any binding.

import { runProgram } from './interop-process.ts'
import { type ConsumeOptions, type SeenRecord } from './interop-records.ts'

/** What kcat can tell of a record: its headers are text, `name=value` apart by commas. */
export type KcatRecord = Omit<SeenRecord, 'headers'> & { headers: string }

/** What kcat can write: keys and values without the control characters 0x1E and 0x1F; null, but nothing empty. */
export interface KcatProduceOptions {
  client: Readonly<Record<string, string>>
  topic: string
  records: readonly { key: Buffer | null; value: Buffer | null }[]
  /** Of all records. */
  partition?: number
  headers?: readonly (readonly [string, string])[]
}

const keyEnd = '\x1f'
const recordEnd = '\x1e'

/** All commands take the properties of librdkafka: `clientProperties('rdkafka', kafka)`. */
export const kcat = {
  async consume({
    client,
    topic,
    isolation,
    count,
  }: Omit<ConsumeOptions, 'patience'>): Promise<KcatRecord[]> {
    const end = count === undefined ? ['-e'] : ['-c', String(count)]
    const isolated = isolation === undefined ? {} : { 'isolation.level': isolation }
    // Lengths first (-1 for null), so that keys and values may hold any byte.
    const format = ['-f', '%p %o %T %K %S %h\n%k%s\n']
    const how = ['-q', '-u', ...properties({ ...client, ...isolated }), '-o', 'beginning', ...end, ...format]
    const { stdout } = await runProgram('kcat', ['-C', '-t', topic, ...how])
    return parse(stdout)
  },

  async produce({ client, topic, records, partition, headers = [] }: KcatProduceOptions): Promise<void> {
    const special = ['-K', keyEnd, '-D', recordEnd, '-Z']
    const where = partition === undefined ? [] : ['-p', String(partition)]
    const named = headers.flatMap(([name, value]) => ['-H', `${name}=${value}`])
    const input = Buffer.concat(records.flatMap(framed))
    await runProgram(
      'kcat',
      ['-P', '-t', topic, ...properties(client), ...special, ...where, ...named],
      input,
    )
  },
}

const properties = (client: Readonly<Record<string, string>>): string[] =>
  Object.entries(client).flatMap(([name, value]) => ['-X', `${name}=${value}`])

function framed({ key, value }: { key: Buffer | null; value: Buffer | null }): Buffer[] {
  for (const part of [key, value]) {
    if (part?.length === 0 || part?.includes(keyEnd) || part?.includes(recordEnd)) {
      throw new Error(
        'kcat cannot write an empty key or value, nor the bytes 0x1E and 0x1F: use another client',
      )
    }
  }
  return [
    ...(key === null ? [] : [key, Buffer.from(keyEnd)]),
    value ?? Buffer.alloc(0),
    Buffer.from(recordEnd),
  ]
}

function parse(output: Buffer): KcatRecord[] {
  const records: KcatRecord[] = []
  for (let at = 0; at < output.length;) {
    const lineEnd = output.indexOf('\n', at)
    const [partition, offset, timestamp, keyLength, valueLength, ...headers] = output
      .toString('utf8', at, lineEnd)
      .split(' ')
    at = lineEnd + 1
    const take = (length: number): Buffer | null => {
      if (length < 0) return null
      at += length
      return Buffer.from(output.subarray(at - length, at))
    }
    const key = take(Number(keyLength))
    const value = take(Number(valueLength))
    at += 1
    const position = { partition: Number(partition), offset: Number(offset), timestamp: Number(timestamp) }
    records.push({ ...position, key, value, headers: headers.join(' ') })
  }
  return records
}
