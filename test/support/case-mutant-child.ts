import { loadMutant } from './load-mutant.ts'
import { mutants } from './mutants.ts'
import { repartitionMutants } from './repartition-mutants.ts'

// Runs the cases of a file on an engine with one defect (its name is the first argument, '' = none), and prints the results.

const [name = '', file = ''] = process.argv.slice(2)
const mutant = [...mutants, ...repartitionMutants].find((one) => one.name === name)
if (mutant === undefined && name !== '') throw new Error(`There is no mutant "${name}".`)

if (mutant !== undefined) loadMutant(mutant)

const [{ runCommandLine }, { processors }, { sinks }, { sources }] = await Promise.all([
  import('../../cli/command-line/main-loop.ts'),
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
