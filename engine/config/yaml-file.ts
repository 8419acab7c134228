import { readFile, readdir, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { LineCounter, parseDocument, type Document, type YAMLError } from 'yaml'
import { fatalError, MillraceError, sentenceOf } from '../errors.ts'
import { distinct, type ConfigProblem } from './problems.ts'
import { nearest } from './suggest.ts'
import type { Env } from './substitute.ts'
import { walkYaml, type Comment, type Place } from './yaml-walk.ts'

const maxBytes = 1024 * 1024
const maxSyntaxErrors = 20

/** A YAML file, read: its value, where everything stands, and what is wrong so far. */
export interface YamlFile {
  readonly file: string
  readonly value: unknown
  /** Where the value at a path stands; a path that is not there is answered with the nearest key around it. */
  place(path: readonly PropertyKey[]): Place
  /** Where the key of the value at a path stands, likewise. */
  keyPlace(path: readonly PropertyKey[]): Place
  /** True if the value at that path came from a variable: it may be a secret, and is not to be printed. */
  substituted(path: readonly PropertyKey[]): boolean
  /** True if the value at that path (or one around it) could not be read, which `problems` says. */
  failed(path: readonly PropertyKey[]): boolean
  /** True if a key could not be read here, which `problems` says: what is missing may have been meant by it. */
  pruned(path: readonly PropertyKey[]): boolean
  readonly comments: readonly Comment[]
  readonly problems: readonly ConfigProblem[]
  /** True if the text is not YAML: `value` then says nothing. */
  readonly broken: boolean
}

/** Reads a YAML file. Rejects with CONFIG_UNREADABLE where there is nothing to read; all else is a problem. */
export async function readYamlFile(path: string, env: Env): Promise<YamlFile> {
  return parseYaml(path, await readText(path), env)
}

/** Parses YAML, with `${VAR}` put into its scalars. */
export function parseYaml(file: string, text: string, env: Env): YamlFile {
  const lines = new LineCounter()
  // Duplicate keys are found by the walk, which can name them.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
  })
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const broken = syntaxProblems(file, text, document, at)
  if (broken.length > 0) return brokenFile(file, broken)
  const walked = walkYaml(document.contents, text, env, at)
  return {
    file,
    value: walked.value,
    place: (path) => walked.places.get(pathText(path)) ?? nearestKey(walked.keys, path),
    keyPlace: (path) => nearestKey(walked.keys, path),
    substituted: (path) => walked.substituted.has(pathText(path)),
    failed: (path) => path.some((_, index) => walked.failed.has(pathText(path.slice(0, index + 1)))),
    pruned: (path) => walked.pruned.has(pathText(path)),
    comments: walked.comments,
    problems: walked.problems.map((problem) => ({ file, ...problem })),
    broken: false,
  }
}

/** A path as the key of a map. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map(String).join('\0')
}

function nearestKey(keys: ReadonlyMap<string, Place>, path: readonly PropertyKey[]): Place {
  for (let length = path.length; length > 0; length--) {
    const place = keys.get(pathText(path.slice(0, length)))
    if (place !== undefined) return place
  }
  return { line: 1, column: 1 }
}

function brokenFile(file: string, problems: readonly ConfigProblem[]): YamlFile {
  const place = () => ({ line: 1, column: 1 })
  const no = () => false
  const nowhere = { place, keyPlace: place, substituted: no, failed: no, pruned: no }
  return { file, value: undefined, ...nowhere, comments: [], problems, broken: true }
}

function syntaxProblems(
  file: string,
  text: string,
  document: Document,
  at: (offset: number) => Place,
): ConfigProblem[] {
  const exhausted = document.errors.find((error) => error.code === 'RESOURCE_EXHAUSTION')
  // After the first error the parser has lost its bearings: what it did not expect then is a consequence.
  const errors = document.errors.filter((error, index) => index === 0 || error.code !== 'UNEXPECTED_TOKEN')
  const told = exhausted === undefined ? errors.slice(0, maxSyntaxErrors) : [exhausted]
  return distinct(told.map((error) => ({ file, ...at(error.pos[0]), message: syntaxSentence(error, text) })))
}

function syntaxSentence(error: YAMLError, text: string): string {
  if (error.code === 'RESOURCE_EXHAUSTION') return 'The file is nested too deeply.'
  if (error.code === 'MULTIPLE_DOCS')
    return 'The file holds several YAML documents: one topology is one file.'
  if (error.code === 'TAB_AS_INDENT') return 'YAML is indented with spaces, not with tabs.'
  const before = text.slice(0, error.pos[0])
  if (/\$\{?$/.test(before) || text.startsWith('${', error.pos[0])) {
    return "This is not YAML: inside { } and [ ], a variable needs quotes, as in '${NAME}'."
  }
  return `This is not YAML: ${error.message.replace(/\.?$/, '')}.`
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer
  try {
    // A pipe might never end, and a signal would not be heard meanwhile.
    const found = await stat(path)
    if (!found.isFile() && !found.isDirectory()) throw noFile(path)
    if (found.size > maxBytes && found.isFile()) throw tooLarge(path, found.size)
    bytes = await readFile(path)
  } catch (error) {
    throw error instanceof MillraceError ? error : await unreadable(path, error)
  }
  if (bytes.length > maxBytes) throw tooLarge(path, bytes.length)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw fatalError('CONFIG_UNREADABLE', `${path} is not UTF-8 text: a topology is a YAML file.`)
  }
}

function noFile(path: string): MillraceError {
  return fatalError('CONFIG_UNREADABLE', `${path} is a pipe or a device: name a file.`)
}

function tooLarge(path: string, bytes: number): MillraceError {
  return fatalError('CONFIG_UNREADABLE', `${path} has ${bytes} bytes: a topology has at most 1 MiB.`)
}

async function unreadable(path: string, error: unknown): Promise<MillraceError> {
  const details = { cause: error, facts: { file: path } }
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return fatalError('CONFIG_UNREADABLE', `There is no file ${path}${await sibling(path)}`, details)
  }
  if (code === 'EISDIR') {
    return fatalError('CONFIG_UNREADABLE', `${path} is a folder: name a topology file in it.`, details)
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return fatalError('CONFIG_UNREADABLE', `${path} may not be read: check its permissions.`, details)
  }
  return fatalError('CONFIG_UNREADABLE', `${path} could not be read: ${sentenceOf(error)}.`, details)
}

async function sibling(path: string): Promise<string> {
  const names = await readdir(dirname(path)).catch(() => [])
  const found = nearest(basename(path), names)
  return found === undefined
    ? '.'
    : `: did you mean ${path.slice(0, path.length - basename(path).length)}${found}?`
}
