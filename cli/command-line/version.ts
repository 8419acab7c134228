import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Millrace's version, from its package.json: beside main.ts, or a level up from dist/. */
export function millraceVersion(): string {
  for (let folder = dirname(import.meta.dirname); ; folder = dirname(folder)) {
    const version = versionIn(join(folder, 'package.json'))
    if (version !== undefined) return version
    if (folder === dirname(folder)) return 'unknown'
  }
}

function versionIn(path: string): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown; version?: unknown }
    return name === 'millrace' && typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}
