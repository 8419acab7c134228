// Mutants that are tried on real servers are tried seldom: that they fit the engine is seen here.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { root } from '../support/cli.ts'
import { chaosMutants } from '../support/chaos/mutants.ts'
import { clusterMutants, type ClusterMutant } from '../support/cluster/mutants.ts'

const all: readonly ClusterMutant[] = [...clusterMutants, ...chaosMutants]

test.each(all)('"$name" replaces what is there', ({ changes }) => {
  for (const { file, replace } of changes) {
    let source = readFileSync(join(root, file), 'utf8')
    for (const [from, to] of replace) {
      expect({ file, from, found: source.includes(from) }).toEqual({ file, from, found: true })
      source = source.replace(from, () => to)
    }
  }
})
