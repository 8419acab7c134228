import { stat } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sentenceOf } from '../errors.ts'
import { announceOwnFile } from './own-hooks.ts'
import { placeOf, syntaxPlaceOf } from './own-place.ts'
import type { ConfigProblem } from './problems.ts'

const suffixes = ['.ts', '.mts', '.js', '.mjs']

/** A file of a user that was imported. */
export interface OwnFile {
  /** Absolute. */
  readonly path: string
  /** As people see it from here. */
  readonly shown: string
  readonly exports: Readonly<Record<string, unknown>>
}

/** What is wrong with a reference to a file; without a place it is about the reference itself. */
export interface OwnProblem {
  readonly place: Omit<ConfigProblem, 'message'> | undefined
  readonly message: string
}

/** Whether the text is meant as the path of a file, be it a good one or not. */
export function isPathLike(text: string): boolean {
  return text.includes('/') || suffixes.some((suffix) => text.endsWith(suffix))
}

/**
 * Imports a file of code that a topology names. Only a local file is taken, by a path that begins with `./`, `../` or
 * `/`, relative to the topology's file: nothing is searched for, and nothing is fetched.
 */
export async function importOwnFile(topology: string, reference: string): Promise<OwnFile | OwnProblem> {
  const wrong = wrongForm(reference)
  if (wrong !== undefined) return { place: undefined, message: wrong }
  const path = resolve(dirname(topology), reference)
  const shown = shownFrom(path)
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) {
    const what = found === undefined ? 'there is no such file' : 'that is no file'
    return {
      place: undefined,
      message: `${reference} cannot be loaded: ${what}; a path starts from the folder of this topology.`,
    }
  }
  const { href } = pathToFileURL(path)
  announceOwnFile(href)
  try {
    const exports = (await import(href)) as Readonly<Record<string, unknown>>
    return { path, shown, exports }
  } catch (error) {
    return loadProblem(error, path, shown)
  }
}

/** A problem at the head of a file, or where its cause stands. */
export function problemIn(file: OwnFile, message: string, error?: unknown): OwnProblem {
  const place = placeOf(error, file.path) ?? { line: 1, column: 1 }
  return { place: { file: file.shown, ...place }, message }
}

function wrongForm(reference: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(reference))
    return `"${reference}" is a URL: code is taken from local files only, by a path such as ./processors/score.ts.`
  if (!/^\.{0,2}\//.test(reference))
    return `"${reference}" is not the path of a file: it begins with ./, ../ or /, such as ./${reference}.`
  if (!suffixes.some((suffix) => reference.endsWith(suffix)))
    return `${reference} cannot be loaded: its name must end in ${suffixes.join(', ')}.`
  return undefined
}

async function loadProblem(error: unknown, path: string, shown: string): Promise<OwnProblem> {
  const syntax = error instanceof SyntaxError
  const place = (syntax ? await syntaxPlaceOf(error, path) : placeOf(error, path)) ?? { line: 1, column: 1 }
  return { place: { file: shown, ...place }, message: sentenceFor(error, syntax) }
}

function sentenceFor(error: unknown, syntax: boolean): string {
  const { code } = error as { code?: unknown }
  const said = oneLine(sentenceOf(error)).replace(/\.$/, '')
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return `${said}: Node removes types and no more, so write it without (erasableSyntaxOnly of tsconfig.json finds these).`
  if (syntax && !said.includes('does not provide an export')) return `This does not compile: ${said}.`
  if (code === 'ERR_MODULE_NOT_FOUND') return `An import of this file fails: ${missing(said)}.`
  if (syntax) return `An import of this file fails: ${said}.`
  return `The file throws while it is loaded: ${said}.`
}

/** Node names both ends by their whole paths; the one is where the problem stands. */
function missing(said: string): string {
  const [, what, path] = /^Cannot find (module|package) '(.+?)' imported from/.exec(said) ?? []
  if (what === undefined || path === undefined) return said
  return what === 'package'
    ? `there is no package "${path}"; install it (npm install ${path})`
    : `there is no file ${shownFrom(path)}`
}

function shownFrom(path: string): string {
  const near = relative(process.cwd(), path)
  return near !== '' && near.length < path.length ? near : path
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
