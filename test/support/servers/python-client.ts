// confluent-kafka for Python, as an outside witness: python/interop.py in an environment of its own, made once.

import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { command } from './command.ts'
import { linesOf, runProgram } from './interop-process.ts'
import {
  seenRecord,
  sentLine,
  type ConsumeOptions,
  type Position,
  type ProduceOptions,
  type SeenRecord,
} from './interop-records.ts'

const version = '2.12.1'
const program = fileURLToPath(new URL('python/interop.py', import.meta.url))

/** All commands take the properties of librdkafka: `clientProperties('rdkafka', kafka)`. */
export const python = {
  async consume(options: ConsumeOptions): Promise<SeenRecord[]> {
    return linesOf(await interop('consume', options)).map(seenRecord)
  },

  /** Answers in the order of the records. */
  async produce({ records, ...options }: ProduceOptions): Promise<Position[]> {
    const input = records.map((record) => JSON.stringify(sentLine(record))).join('\n')
    return linesOf(await interop('produce', options, input)).map((line) => JSON.parse(line) as Position)
  },
}

async function interop(name: string, options: object, input = ''): Promise<Buffer> {
  const { stdout } = await runProgram(
    await pythonEnvironment(),
    [program, name, JSON.stringify(options)],
    input,
  )
  return stdout
}

/** The Python of a virtual environment with the client, made where it is not there yet. */
export async function pythonEnvironment(): Promise<string> {
  const python = (
    await command('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])
  ).trim()
  const folder = await cached(`python-${python}-confluent-kafka-${version}`, async (aside) => {
    await command('python3', ['-m', 'venv', aside])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    await command(join(aside, 'bin', 'python3'), [...pip, `confluent-kafka==${version}`])
  })
  return join(folder, 'bin', 'python3')
}
