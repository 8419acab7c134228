import { join, resolve } from 'node:path'
import { findEnvironment } from '../project/environment.ts'
import { findRoot, needSchemas } from '../project/root.ts'
import type { Place } from './place.ts'

export interface PlaceOptions {
  readonly project: string | undefined
  readonly environment: string | undefined
  readonly store: string | undefined
  readonly trouble: (sentence: string) => void
  /** After so long without an answer brokers count as away. */
  readonly patienceMs: number
}

/** Opens what the options name. Rejects as the readers of environments, catalogue and schemas do. */
export async function openPlace(options: PlaceOptions): Promise<Place> {
  const cwd = process.cwd()
  const root = findRoot({ cwd, project: options.project, by: 'The option project' })
  const [{ openDirectoryRegistry }, { readCatalogue }] = await Promise.all([
    import('../engine/avro/directory-registry.ts'),
    import('../engine/config/catalogue.ts'),
  ])
  needSchemas(root)
  const files = await openDirectoryRegistry(join(root, 'schemas'))
  const topics = await readCatalogue(join(root, 'schemas', 'catalogue.yaml'))
  const known = { files, topics, trouble: options.trouble, patienceMs: options.patienceMs }
  const named = { given: options.environment, by: 'The option environment' }
  const environment = await findEnvironment(named, { cwd, root, env: process.env })
  if (environment === undefined) {
    const { openEmbeddedPlace } = await import('./embedded-place.ts')
    return openEmbeddedPlace(resolve(options.store ?? root), known)
  }
  const { openClusterPlace } = await import('./cluster-place.ts')
  return openClusterPlace(environment, known)
}
