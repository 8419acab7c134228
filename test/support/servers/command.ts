// Runs the programs that the servers are made with (mvn, javac, openssl …).

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

const install: Readonly<Record<string, string>> = {
  java: 'install a JDK, version 17 or later',
  javac: 'install a JDK, version 17 or later',
  kcat: 'install kcat',
  mvn: 'install Maven',
  openssl: 'install OpenSSL',
  python3: 'install Python 3 with its venv module',
}

/** One sentence for a program that could not be started, or undefined where it was another trouble. */
export function missingProgram(program: string, error: unknown): Error | undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return undefined
  const advice = install[program] ?? `install ${program}`
  return new Error(`test servers: ${program} is not on the PATH; ${advice}, or run: make system`)
}

/**
 * Runs a program to its end and answers with its standard output.
 *
 * @throws Error in one sentence where the program is not there, with the program's own words where it failed
 */
export async function command(program: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout } = await run(program, args, { cwd, maxBuffer: 64 << 20 })
    return stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    const said = `${stdout}\n${stderr}`.trim() || String(error)
    throw (
      missingProgram(program, error) ??
      new Error(`test servers: ${program} failed: ${said}`, { cause: error })
    )
  }
}
