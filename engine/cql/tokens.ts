import { fatalError } from '../errors.ts'
import type { ErrorCode, MillraceError } from '../errors.ts'

/** A place in a CQL file; line and column count from 1. */
export interface Position {
  readonly path: string
  readonly line: number
  readonly column: number
}

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'uuid' | 'blob' | 'param' | 'symbol' | 'end'

/** One token. `text` is the meaning: identifiers unquoted (words in lower case), strings without quotes. */
export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly start: number
  readonly end: number
  readonly position: Position
}

const rules: readonly (readonly [TokenKind | 'space', RegExp])[] = [
  ['space', /(?:\s+|--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  ['string', /'(?:[^']|'')*'/y],
  ['quoted', /"(?:[^"]|"")+"/y],
  ['uuid', /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/iy],
  ['blob', /0x[0-9a-f]*\b/iy],
  ['number', /-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b/iy],
  ['word', /[a-z]\w*/iy],
  ['param', /:[a-z]\w*/iy],
  ['symbol', /<=|>=|!=|[(){}<>=,;.*:?[\]+-]/y],
]

/** Where a position is, as every message begins: `cql/0001-audit.cql:3:5`. */
export function place(position: Position): string {
  return `${position.path}:${position.line}:${position.column}`
}

/** An error of a CQL file: what is wrong and what to do, behind its place. */
export function cqlError(code: ErrorCode, position: Position, sentence: string): MillraceError {
  return fatalError(code, `${place(position)}: ${sentence}`, { facts: { ...position } })
}

/** What may be written where, refused with this sentence: correct CQL that Millrace does not carry out. */
export function unsupported(position: Position, sentence: string): MillraceError {
  return cqlError('CQL_UNSUPPORTED', position, sentence)
}

/** Cuts CQL into tokens, without spaces and comments; the last is of kind `end`. */
export function tokenize(path: string, text: string): Token[] {
  const starts = lineStarts(text)
  const tokens: Token[] = []
  let offset = 0
  while (offset < text.length) {
    const [kind, raw] = match(text, offset) ?? fail(path, text, offset, starts)
    if (kind !== 'space') {
      const position = positionAt(path, starts, offset)
      tokens.push({ kind, text: meaning(kind, raw), start: offset, end: offset + raw.length, position })
    }
    offset += raw.length
  }
  const position = positionAt(path, starts, offset)
  tokens.push({ kind: 'end', text: '', start: offset, end: offset, position })
  return tokens
}

/** The comments `-- …` of a file that stand on lines of their own, without the dashes. */
export function commentLines(
  path: string,
  text: string,
): { readonly text: string; readonly position: Position }[] {
  return text.split('\n').flatMap((line, index) => {
    const found = /^\s*--\s?(.*?)\s*$/.exec(line)
    if (found === null) return []
    return [{ text: found[1] ?? '', position: { path, line: index + 1, column: line.indexOf('--') + 1 } }]
  })
}

function match(text: string, offset: number): readonly [TokenKind | 'space', string] | undefined {
  for (const [kind, rule] of rules) {
    rule.lastIndex = offset
    const found = rule.exec(text)
    if (found !== null) return [kind, found[0]]
  }
  return undefined
}

function meaning(kind: TokenKind, raw: string): string {
  if (kind === 'string') return raw.slice(1, -1).replaceAll("''", "'")
  if (kind === 'quoted') return raw.slice(1, -1).replaceAll('""', '"')
  if (kind === 'param') return raw.slice(1)
  return kind === 'word' || kind === 'uuid' ? raw.toLowerCase() : raw
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function positionAt(path: string, starts: readonly number[], offset: number): Position {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { path, line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
}

function fail(path: string, text: string, offset: number, starts: readonly number[]): never {
  const position = positionAt(path, starts, offset)
  const rest = text.slice(offset)
  const open = rest.startsWith("'") ? 'a string' : rest.startsWith('"') ? 'a quoted name' : undefined
  if (open !== undefined)
    throw cqlError('CQL_SYNTAX', position, `${open} begins here and is never closed: close it.`)
  if (rest.startsWith('/*'))
    throw cqlError('CQL_SYNTAX', position, 'this comment is never closed: end it with */.')
  throw cqlError('CQL_SYNTAX', position, `"${rest[0] ?? ''}" has no meaning in CQL here: remove it.`)
}
