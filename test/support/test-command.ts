// Runs `millrace test` in this process.
import { runCommandLine } from '../../cli/command-line/main-loop.ts'
import type { FileResult } from '../../engine/testing/report.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'

/** What a command line answered. */
export interface TestRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `millrace test` with these words in a folder. */
export async function millraceTest(cwd: string, words: readonly string[]): Promise<TestRun> {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommandLine(['test', ...words], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    cwd,
    env: {},
    signal: new AbortController().signal,
    loadRegistry: () => Promise.resolve({ sources, processors, sinks }),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

/** The same, with the results as data. */
export async function testsOf(
  cwd: string,
  words: readonly string[],
): Promise<{ readonly code: number; readonly files: readonly FileResult[] }> {
  const { code, out, err } = await millraceTest(cwd, [...words, '-o', 'json'])
  if (out === '') throw new Error(err)
  return { code, files: (JSON.parse(out) as { readonly files: readonly FileResult[] }).files }
}
