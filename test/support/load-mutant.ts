import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Defect } from './mutant.ts'

/** Puts a defect into a module of the engine, for imports from now on. Throws where the module has changed meanwhile. */
export function loadMutant({ name, file, changes }: Defect): void {
  const target = new URL(`../../${file}`, import.meta.url).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== target) return loaded
      let source = readFileSync(fileURLToPath(url), 'utf8')
      for (const [from, to] of changes) {
        if (!source.includes(from))
          throw new Error(`The mutant "${name}" is out of date: ${file} has no "${from}".`)
        source = source.replace(from, () => to)
      }
      return { ...loaded, source }
    },
  })
}
