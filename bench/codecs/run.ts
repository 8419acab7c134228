// make bench-codecs: Avro codecs side by side. See --help.
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { registryClassPath } from '../../test/support/servers/registry-jars.ts'
import { tasks, type Measured, type Task } from './codec.ts'
import { payloads, schemaText } from './values.ts'

const usage = `Avro codecs side by side: each in a process of its own, one task after the other, several rounds.

  make bench-codecs                    five rounds of three seconds: ten minutes on a quiet machine
  make bench-codecs ARGS="--rounds 1"

  --rounds N     (5)
  --seconds N    of CPU, that each measures (3)
  --no-java      without Apache Avro for Java, which needs a JDK
  --help
`
const systems = ['millrace', 'kafkajs', 'confluent', 'java', 'java-values'] as const
type System = (typeof systems)[number]
type JavaSystem = 'java' | 'java-values'

const titles: Readonly<Record<System, string>> = {
  millrace: 'Millrace',
  kafkajs: '@kafkajs/confluent-schema-registry 4.1.0',
  confluent: '@confluentinc/schemaregistry 1.10.1',
  java: 'Apache Avro for Java: text and decimals left as bytes',
  'java-values': 'Apache Avro for Java: String and BigDecimal',
}
const titleOf: Readonly<Record<Task, string>> = {
  read: 'read, as it was written',
  resolve: 'read, as the next version',
  write: 'write',
  field: 'one field, in place',
}
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

interface Row extends Measured {
  readonly system: System
  readonly task: Task
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    'no-java': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) console.log(usage)
else await benchmark(Number(values.rounds), values.seconds, !values['no-java'])

async function benchmark(rounds: number, seconds: string, withJava: boolean): Promise<void> {
  const classes = withJava ? await compileJava() : undefined
  const hex = (await payloads()).map((payload) => payload.toString('hex'))
  const bytes = hex.reduce((sum, { length }) => sum + length / 2, 0) / hex.length
  const rows: Row[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const task of tasks) {
      for (const system of systems) {
        const measured = isJava(system)
          ? inJava(classes, hex, system, task, seconds)
          : inNode(system, task, seconds)
        if (measured === undefined) continue
        rows.push({ system, task, ...measured })
        console.log(
          `${round} ${task} ${system}: ${Math.round(measured.perSecond)}/s, ${measured.cpuSeconds.toFixed(2)} CPU-s per million`,
        )
      }
    }
    // After each round, so that a run may be ended early.
    writeFileSync(here('../results/codecs.json'), `${JSON.stringify(rows)}\n`)
    writeFileSync(here('../results/codecs.md'), markdown(rows, round, bytes))
  }
  if (classes !== undefined) rmSync(classes.split(delimiter)[0]!, { recursive: true })
  console.log('written: bench/results/codecs.md, codecs.json')
}

async function compileJava(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-codecs-'))
  const jars = await registryClassPath()
  execFileSync('javac', ['-nowarn', '-d', folder, '-cp', jars, here('java/CodecBench.java')])
  return [folder, jars].join(delimiter)
}

function isJava(system: System): system is JavaSystem {
  return system === 'java' || system === 'java-values'
}

function inJava(
  classPath: string | undefined,
  hex: readonly string[],
  system: JavaSystem,
  task: Task,
  seconds: string,
): Measured | undefined {
  if (task === 'field' || classPath === undefined) return undefined
  const input = hex.join('\n')
  const words = ['-cp', classPath, 'CodecBench', task, seconds, schemaText('1.0'), schemaText('1.1')]
  words.push(system === 'java' ? 'bytes' : 'values')
  return answerOf(spawnSync('java', words, { input, encoding: 'utf8' }))
}

function inNode(system: System, task: Task, seconds: string): Measured | undefined {
  const words = ['--disable-warning=ExperimentalWarning', here('child.ts'), system, task, seconds]
  return answerOf(spawnSync(process.execPath, words, { encoding: 'utf8' }))
}

function answerOf(child: SpawnSyncReturns<string>): Measured | undefined {
  const { stdout, stderr, status } = child
  if (status !== 0) throw new Error(`A codec failed: ${stderr}`)
  return (JSON.parse(stdout) as Measured | null) ?? undefined
}

function markdown(rows: readonly Row[], rounds: number, bytes: number): string {
  const lines = tasks.flatMap((task) => {
    const own = median(rows, 'millrace', task)!
    return systems.flatMap((system) => {
      const found = median(rows, system, task)
      if (found === undefined) return []
      const ratio = own.cpuSeconds === 0 ? '' : (found.cpuSeconds / own.cpuSeconds).toFixed(2)
      return `| ${titleOf[task]} | ${titles[system]} | ${Math.round(1e6 / found.cpuSeconds).toLocaleString('en')} | ${found.cpuSeconds.toFixed(2)} | ${ratio} |`
    })
  })
  return `# Avro codecs

Orders of the made-up shop (\`shop.orders.OrderCreated\`, one to five lines, ${Math.round(bytes)} bytes on average), written with version 1.0. Medians of
${rounds} ${rounds === 1 ? 'round' : 'rounds'}, each codec in a process of its own; CPU of the whole process, its compiler and garbage collector included. ${cpus().length} cores
(${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}. Again: \`make bench-codecs\`.

| what | codec | values per CPU-second | CPU-s per million | times ours |
| --- | --- | --- | --- | --- |
${lines.join('\n')}
`
}

function median(rows: readonly Row[], system: System, task: Task): Measured | undefined {
  const mine = rows
    .filter((row) => row.system === system && row.task === task)
    .sort((left, right) => left.cpuSeconds - right.cpuSeconds)
  return mine[Math.floor(mine.length / 2)]
}
