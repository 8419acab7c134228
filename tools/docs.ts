import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { commands } from '../cli/command-line/commands.ts'
import { referencePages } from './docs/reference-pages.ts'
import { processors } from '../processors/index.ts'
import { sinks } from '../sinks/index.ts'
import { sources } from '../sources/index.ts'

// Writes docs/reference/ from the code. With --check it writes nothing, and fails where the files are not up to date.

const folder = join(import.meta.dirname, '..', 'docs', 'reference')

async function existingFiles(): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')))
  return new Map(paths.map((path, index) => [path.slice(folder.length + 1), texts[index]!]))
}

async function main(check: boolean): Promise<number> {
  const loaded = await Promise.all(commands.map(({ load }) => load()))
  const pages = referencePages({ sources, processors, sinks }, loaded)
  const existing = await existingFiles()
  const changed = [...pages].filter(([path, text]) => existing.get(path) !== text).map(([path]) => path)
  const stale = [...existing.keys()].filter((path) => !pages.has(path))
  if (check) {
    for (const path of changed) process.stderr.write(`docs/reference/${path} is not up to date\n`)
    for (const path of stale) process.stderr.write(`docs/reference/${path} is of nothing that there is\n`)
    if (changed.length + stale.length > 0)
      process.stderr.write('Run npm run docs, and commit what it writes.\n')
    return changed.length + stale.length > 0 ? 1 : 0
  }
  for (const path of changed) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), pages.get(path)!)
  }
  await Promise.all(stale.map((path) => rm(join(folder, path))))
  process.stdout.write(
    `docs/reference: ${pages.size} files, ${changed.length} written, ${stale.length} removed\n`,
  )
  return 0
}

process.exitCode = await main(process.argv.includes('--check'))
