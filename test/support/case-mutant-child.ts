import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { mutants } from './mutants.ts'

// Runs the cases of a file on an engine with one defect (its name is the first argument, '' = none), and prints the results.

const [name = '', file = ''] = process.argv.slice(2)
const mutant = mutants.find((one) => one.name === name)
if (mutant === undefined && name !== '') throw new Error(`There is no mutant "${name}".`)

if (mutant !== undefined) {
  const target = new URL(`../../${mutant.file}`, import.meta.url).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== target) return loaded
      let source = readFileSync(fileURLToPath(url), 'utf8')
      for (const [from, to] of mutant.changes) {
        if (!source.includes(from))
          throw new Error(`The mutant "${name}" is out of date: there is no "${from}".`)
        source = source.replace(from, () => to)
      }
      return { ...loaded, source }
    },
  })
}

const [{ runCommandLine }, { processors }, { sinks }, { sources }] = await Promise.all([
  import('../../cli/main-loop.ts'),
  import('../../processors/index.ts'),
  import('../../sinks/index.ts'),
  import('../../sources/index.ts'),
])
await runCommandLine(['test', file, '-o', 'json'], {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  cwd: process.cwd(),
  env: {},
  signal: new AbortController().signal,
  loadRegistry: () => Promise.resolve({ sources, processors, sinks }),
})
process.exit(0)
