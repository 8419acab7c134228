// Apache Avro for Java, as an outside witness: java/registry/AvroWitness.java.

import { linesOf, runProgram } from './interop-process.ts'
import { registryClassPath } from './registry-jars.ts'

/** Values go in and come out in Avro's own JSON: the branch of a union is named around its value. */
export const registryJava = {
  /** The values in the wire format, with that id. */
  async write(
    values: readonly unknown[],
    { id, schema }: { id: number; schema: unknown },
  ): Promise<Buffer[]> {
    const input = values.map((value) => JSON.stringify(value))
    const lines = await run(['write', String(id), JSON.stringify(schema)], input)
    return lines.map((line) => Buffer.from(line, 'base64'))
  },

  /** The values as `schema` sees them, or as they were written. */
  async read(
    values: readonly Uint8Array[],
    { url, schema }: { url: string; schema?: unknown },
  ): Promise<unknown[]> {
    const input = values.map((value) => Buffer.from(value).toString('base64'))
    const reader = schema === undefined ? [] : [JSON.stringify(schema)]
    return (await run(['read', url, ...reader], input)).map((line) => JSON.parse(line) as unknown)
  },
}

async function run(args: readonly string[], input: readonly string[]): Promise<string[]> {
  const flags = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dfile.encoding=UTF-8',
    '-Dstdout.encoding=UTF-8',
  ]
  const words = [...flags, '-cp', await registryClassPath(), 'AvroWitness', ...args]
  return linesOf((await runProgram('java', words, input.join('\n'))).stdout)
}
