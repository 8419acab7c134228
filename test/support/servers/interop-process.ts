// Runs an outside client as a process that takes lines and gives lines.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { missingProgram } from './command.ts'

/** How a program ended; `stderr` in full. */
export interface Ended {
  stdout: Buffer
  stderr: string
}

/** Starts a program; it dies with this process where it reads its standard input. */
export function startProgram(
  program: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): ChildProcessWithoutNullStreams {
  const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, ...env } })
  child.stdin.on('error', () => undefined)
  return child
}

/**
 * Runs a program to its end.
 *
 * @param input  its standard input
 * @throws Error with what the program said where it did not exit with 0
 */
export function runProgram(
  program: string,
  args: readonly string[],
  input: string | Buffer = '',
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = startProgram(program, args)
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.once('error', (error) => reject(missingProgram(program, error) ?? error))
    child.once('close', (code, signal) => {
      const ended = { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
      if (code === 0) resolve(ended)
      else reject(new Error(ended.stderr.trim() || `${program} ended with ${code ?? signal}`))
    })
    child.stdin.end(input)
  })
}

/** The lines of a text, without the empty one after the last. */
export function linesOf(output: Buffer): string[] {
  const text = output.toString().trimEnd()
  return text === '' ? [] : text.split('\n')
}
