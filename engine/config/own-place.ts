import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isAnnounced } from './own-hooks.ts'

/** Where in a user's file something went wrong: line and column from 1. */
export interface OwnPlace {
  /** Absolute. */
  readonly path: string
  readonly line: number
  readonly column: number
}

/** Where an error comes from: the innermost frame of its stack that lies in a user's file; undefined for none. */
export function placeOf(error: unknown): OwnPlace | undefined {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return undefined
  for (const frame of error.stack.split('\n')) {
    const [, url = '', line, column] = /^\s+at .*?(file:\/\/.+?):(\d+):(\d+)\)?$/.exec(frame) ?? []
    if (isAnnounced(url)) return { path: fileURLToPath(url), line: Number(line), column: Number(column) }
  }
  return undefined
}

/**
 * Where a file that did not compile is wrong, or one that it imports; undefined where nobody says. For TypeScript Node
 * says it at the head of the stack; for JavaScript only `node --check` does, and only of the file itself.
 */
export async function syntaxPlaceOf(error: unknown, path: string): Promise<OwnPlace | undefined> {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return headPlace(stack) ?? headPlace(await checked(path))
}

/** The line in a file that imports this package, or a file of this path; its head where no line does plainly. */
export async function importPlaceOf(imported: string, path: string): Promise<OwnPlace> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const lines = text.split('\n')
  const line = lines.findIndex((one) => /\b(import|from)\b/.test(one) && one.includes(basename(imported)))
  return { path, line: Math.max(1, line + 1), column: 1 }
}

/** A path as people see it from here: relative where that is shorter. */
export function shownFrom(path: string): string {
  const near = relative(process.cwd(), path)
  return near !== '' && near.length < path.length ? near : path
}

/** A head such as `/path/file.ts:4`, some lines of the file, and carets under what is wrong. */
function headPlace(text: string): OwnPlace | undefined {
  const lines = text.split('\n')
  const [, where, line] = /^(file:\/\/.+|\/.+):(\d+)$/.exec(lines[0] ?? '') ?? []
  if (where === undefined) return undefined
  const carets = lines.find((one) => /^\s*\^+$/.test(one))
  const path = where.startsWith('file:') ? fileURLToPath(where) : where
  return { path, line: Number(line), column: carets === undefined ? 1 : carets.indexOf('^') + 1 }
}

function checked(path: string): Promise<string> {
  if (!/\.m?js$/.test(path)) return Promise.resolve('')
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', path], { timeout: 10_000 }, (_error, _stdout, stderr) =>
      resolve(stderr),
    )
  })
}
