// Runs command lines with all components, in an environment of variables.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCommandLine } from '../../cli/command-line/main-loop.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import type { Ran } from './command-line.ts'

/** A folder with these files in which command lines run. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-cluster-'))
  readonly env: Record<string, string> = {}

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.path, name)), { recursive: true })
    writeFileSync(join(this.path, name), text)
  }

  async run(
    line: string,
    signal = new AbortController().signal,
    heard: (line: string) => void = () => undefined,
    told: (line: string) => void = () => undefined,
  ): Promise<Ran> {
    const out: string[] = []
    const err: string[] = []
    const code = await runCommandLine(line.split(' '), {
      out: (text) => {
        out.push(text)
        heard(text)
      },
      err: (text) => {
        err.push(text)
        told(text)
      },
      cwd: this.path,
      env: this.env,
      signal,
      loadRegistry: () => Promise.resolve({ sources, processors, sinks }),
    })
    return { code, out, err }
  }

  /** The one JSON value that a command line answers. */
  async json<Answer>(line: string): Promise<Answer> {
    const { out, err } = await this.run(`${line} -o json`)
    if (out.length !== 1) throw new Error(`${line} answered ${out.length} lines, and ${err.join(' ')}`)
    return JSON.parse(out[0]!) as Answer
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
