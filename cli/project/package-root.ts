import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** The folder of Millrace itself: with its topologies, schemas and migrations. One level differs between source and build. */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return import.meta.dirname
  }
}

/** How the command line is called from a folder, as people are told to: from a checkout there is nothing on their PATH yet. */
export function commandIn(cwd: string): string {
  return resolve(cwd) === packageRoot() && existsSync(join(cwd, 'millrace')) ? './millrace' : 'millrace'
}
