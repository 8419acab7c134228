// Confluent's Avro serializers for Python, as an outside witness: python/registry.py in an environment of its own.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache.ts'
import { command } from './command.ts'
import { linesOf, runProgram } from './interop-process.ts'

const version = '2.12.1'
const program = fileURLToPath(new URL('python/registry.py', import.meta.url))

export interface PythonSchemaOptions {
  url: string
  topic: string
  /** The name of the subject: `{topic}-value`, `{record}`, `{topic}-{record}`. */
  strategy?: 'topic' | 'record' | 'topic-record'
  /** What is written with, or read as. */
  schema?: unknown
  register?: boolean
}

export const registryPython = {
  /** The values in the wire format. */
  async write(values: readonly unknown[], options: PythonSchemaOptions): Promise<Buffer[]> {
    const lines = await run('write', options, values)
    return lines.map((line) => Buffer.from(line, 'base64'))
  },

  /** The values; bytes are `{ base64 }`. */
  async read(values: readonly Uint8Array[], options: PythonSchemaOptions): Promise<unknown[]> {
    const input = values.map((value) => Buffer.from(value).toString('base64'))
    return (await runLines('read', options, input)).map((line) => JSON.parse(line) as unknown)
  },
}

function run(name: string, options: PythonSchemaOptions, values: readonly unknown[]): Promise<string[]> {
  return runLines(
    name,
    options,
    values.map((value) => JSON.stringify(value)),
  )
}

async function runLines(name: string, { schema, ...options }: PythonSchemaOptions, input: readonly string[]) {
  const whole = { ...options, ...(schema !== undefined && { schema: JSON.stringify(schema) }) }
  const args = [program, name, JSON.stringify(whole)]
  return linesOf((await runProgram(await registryPythonEnvironment(), args, input.join('\n'))).stdout)
}

/** The Python of a virtual environment with the serializers, made where it is not there yet. */
export async function registryPythonEnvironment(): Promise<string> {
  const script = 'import sys; print("%d.%d" % sys.version_info[:2])'
  const python = (await command('python3', ['-c', script])).trim()
  const folder = await cached(`python-${python}-confluent-kafka-avro-${version}`, async (aside) => {
    await command('python3', ['-m', 'venv', aside])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    await command(join(aside, 'bin', 'python3'), [...pip, `confluent-kafka[avro]==${version}`])
  })
  return join(folder, 'bin', 'python3')
}
