import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { BenchFailure } from './options.ts'

/** A program to be measured. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Started again and again for so long; 0 = once, for programs that keep the time themselves. */
  readonly repeatSeconds: number
  /** It is ended, and the run fails, after so long. */
  readonly limitSeconds: number
}

/** What a run has cost, as the kernel counts it for the program and its children. */
export interface Cost {
  readonly passes: number
  /** From the start of the first pass to the end of the last. */
  readonly seconds: number
  readonly cpuSeconds: number
  /** CPU of the measuring itself. */
  readonly ownCpuSeconds: number
  readonly peakRssMb: number
}

export interface Run {
  readonly cost: Cost
  readonly output: string
}

/** @throws BenchFailure with the last line that the program wrote, if it fails */
export async function measure(command: Command, folder: string): Promise<Run> {
  const report = join(folder, 'report.json')
  rmSync(report, { force: true })
  const { program, args, repeatSeconds, limitSeconds } = command
  const script = join(import.meta.dirname, 'measure.py')
  const measured = ['python3', script, report, String(repeatSeconds), program, ...args]
  const { status, output, errors } = await runToEnd(measured, limitSeconds)
  if (status !== 0)
    throw new BenchFailure(`it failed: ${tellingLine(errors) || tellingLine(output) || status}`)
  return { cost: JSON.parse(readFileSync(report, 'utf8')) as Cost, output }
}

interface Ended {
  readonly status: number | string
  readonly output: string
  readonly errors: string
}

async function runToEnd([program, ...args]: readonly string[], limitSeconds: number): Promise<Ended> {
  // A process group of its own, so that the program can be ended with what measures it.
  const child = spawn(program!, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = (): boolean => process.kill(-child.pid!, 'SIGKILL')
  process.once('exit', kill)
  let output = ''
  let errors = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  child.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-10_000)))
  let late = false
  const timer = setTimeout(() => {
    late = true
    kill()
  }, limitSeconds * 1000)
  const status = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'ended'))
  })
  clearTimeout(timer)
  process.off('exit', kill)
  return late
    ? {
        status: 'late',
        output: '',
        errors: `not done after ${Math.round(limitSeconds)} s ${tellingLine(errors)}`,
      }
    : { status, output, errors }
}

/** The last line that names an error (after it Node and Java print where it happened), or the last of all. */
function tellingLine(text: string): string {
  const lines = text.trim().split('\n')
  return (
    lines.findLast((line) => /^(\S+ in thread .*|Caused by: )?[\w.$]*(Error|Exception)\b/.test(line)) ??
    lines.at(-1)!
  )
}
