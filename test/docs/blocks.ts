// The code that a page of the documentation shows.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A fenced block of code. */
export interface Block {
  readonly language: string
  readonly text: string
}

const root = join(import.meta.dirname, '../..')

/** The blocks of a page of this repository, in order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }))
}
