// Loaded before a worker (--import): puts the mutant that the variable MUTANT names in the place of the engine's file.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { chaosMutants } from '../chaos/mutants.ts'
import { mutants } from '../mutants.ts'
import { clusterMutants, type ClusterMutant } from './mutants.ts'

// Those that the model cluster notices can be tried on a real one.
const known: readonly ClusterMutant[] = [
  ...clusterMutants,
  ...chaosMutants,
  ...mutants.map(({ name, file, changes }) => ({ name, changes: [{ file, replace: changes }] })),
]
const mutant = known.find(({ name }) => name === process.env['MUTANT'])
if (mutant === undefined) throw new Error(`There is no mutant "${process.env['MUTANT']}".`)
const changes = new Map(
  mutant.changes.map(({ file, replace }) => [new URL(`../../../${file}`, import.meta.url).href, replace]),
)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const replace = changes.get(url)
    if (replace === undefined) return loaded
    let source = readFileSync(fileURLToPath(url), 'utf8')
    for (const [from, to] of replace) {
      if (!source.includes(from))
        throw new Error(`The mutant "${mutant.name}" is out of date: there is no "${from}".`)
      source = source.replace(from, () => to)
    }
    return { ...loaded, source }
  },
})
