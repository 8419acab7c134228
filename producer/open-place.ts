import { existsSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import type { EnvironmentConfig } from '../engine/config/environment-config.ts'
import { suggestion } from '../engine/config/suggest.ts'
import { fatalError } from '../engine/errors.ts'
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
  const root = rootOf(options.project)
  const [{ openDirectoryRegistry }, { readCatalogue }] = await Promise.all([
    import('../engine/avro/directory-registry.ts'),
    import('../engine/config/catalogue.ts'),
  ])
  const files = await openDirectoryRegistry(join(root, 'schemas'))
  const topics = await readCatalogue(join(root, 'schemas', 'catalogue.yaml'))
  const known = { files, topics, trouble: options.trouble, patienceMs: options.patienceMs }
  const environment = await environmentOf(options.environment ?? process.env['MILLRACE_ENV'] ?? '', root)
  if (environment === undefined) {
    const { openEmbeddedPlace } = await import('./embedded-place.ts')
    return openEmbeddedPlace(resolve(options.store ?? root), known)
  }
  const { openClusterPlace } = await import('./cluster-place.ts')
  return openClusterPlace(environment, known)
}

function rootOf(project: string | undefined): string {
  if (project !== undefined) return resolve(project)
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'schemas'))) return folder
    if (folder === dirname(folder)) return process.cwd()
  }
}

async function environmentOf(given: string, root: string): Promise<EnvironmentConfig | undefined> {
  if (given === '' || given === 'embedded') return undefined
  const isPath = /[/\\]/.test(given) || ['.yaml', '.yml'].includes(extname(given))
  const path = isPath ? resolve(given) : join(root, 'environments', `${given}.yaml`)
  if (!isPath && !existsSync(path))
    throw fatalError(
      'CONFIG_UNREADABLE',
      `The environment ${given} of the producer is not there: no ${path}${suggestion(given, await namesIn(root))}`,
    )
  const { loadEnvironment } = await import('../engine/config/environment.ts')
  return loadEnvironment(path, process.env, { root })
}

async function namesIn(root: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises')
  const files = await readdir(join(root, 'environments')).catch(() => [])
  return files.filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length))
}
