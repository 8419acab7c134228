import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'

/** Where in a user's file something went wrong: from 1. */
export interface OwnPlace {
  readonly line: number
  readonly column: number
}

/**
 * Where an error that came out of a user's file stands in it: the innermost frame of its stack that lies in that file;
 * undefined where there is none.
 */
export function placeOf(error: unknown, file: string): OwnPlace | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined
  for (const line of error.stack.split('\n')) {
    const [, where, number, column] = /^\s+at (?:.*\()?(.+?):(\d+):(\d+)\)?$/.exec(line) ?? []
    if (where !== undefined && isFile(where, file)) return { line: Number(number), column: Number(column) }
  }
  return undefined
}

/**
 * Where a file that did not compile is wrong. For TypeScript Node says it at the head of the stack; for JavaScript
 * only `node --check` does.
 */
export async function syntaxPlaceOf(error: unknown, file: string): Promise<OwnPlace | undefined> {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return headPlace(stack, file) ?? headPlace(await checked(file), file)
}

/** A head such as `/path/file.ts:4`, some lines of the file, and carets under what is wrong. */
function headPlace(text: string, file: string): OwnPlace | undefined {
  const lines = text.split('\n')
  const [, where, number] = /^(.+):(\d+)$/.exec(lines[0] ?? '') ?? []
  if (where === undefined || !isFile(where, file)) return undefined
  const caret = lines.findIndex((line) => /^\s*\^+$/.test(line))
  // Where the error lies behind the line of the head, the lines between are shown.
  const column = caret < 0 ? 1 : lines[caret]!.indexOf('^') + 1
  return { line: Number(number), column }
}

function isFile(where: string, file: string): boolean {
  return where === file || where === pathToFileURL(file).href
}

function checked(file: string): Promise<string> {
  if (!/\.m?js$/.test(file)) return Promise.resolve('')
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', file], { timeout: 10_000 }, (_error, _stdout, stderr) =>
      resolve(stderr),
    )
  })
}
