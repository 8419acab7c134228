import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadFailure } from './own-failure.ts'
import { announceOwnFile } from './own-hooks.ts'
import { placeOf, shownFrom } from './own-place.ts'
import type { ConfigProblem } from './problems.ts'

const suffixes = ['.ts', '.mts', '.js', '.mjs']

/** A file of a user that was imported. */
export interface OwnFile {
  /** As people see its path from here. */
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
    return { shown, exports: (await import(href)) as Readonly<Record<string, unknown>> }
  } catch (error) {
    const { place, message } = await loadFailure(error, path)
    const { path: where, line, column } = place
    return { place: { file: shownFrom(where), line, column }, message }
  }
}

/** A problem with a file as a whole. */
export function problemIn({ shown }: OwnFile, message: string): OwnProblem {
  return { place: { file: shown, line: 1, column: 1 }, message }
}

/** Where in code of users an error comes from, as `file:line:column`; undefined where it comes from elsewhere. */
export function shownPlaceOf(error: unknown): string | undefined {
  const place = placeOf(error)
  return place && `${shownFrom(place.path)}:${place.line}:${place.column}`
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
