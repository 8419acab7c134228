import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { AccessSettings, HttpSettings } from '../../engine/config/access-config.ts'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag } from '../command-line/flags.ts'
import { shownPath } from '../../project/root.ts'

/** How a service is reached, and who is let in; undefined = nobody has said. */
export interface ServiceSettings {
  readonly http: HttpSettings
  readonly access: AccessSettings | undefined
}

/** Where a service runs. */
export interface ServicePlace {
  readonly environment: EnvironmentConfig | undefined
  /** The folder whose `.millrace/` is used, without an environment. */
  readonly storeDir: string
}

/**
 * What `--access FILE` says, or else the environment. Without either, keys are those that `millrace keys new` has put
 * beside the embedded store. Rejects as the readers of those files do.
 */
export async function serviceSettings(
  { values, cwd, env }: Pick<CommandArgs, 'values' | 'cwd' | 'env'>,
  { environment, storeDir }: ServicePlace,
): Promise<ServiceSettings> {
  const { defaultHttpSettings } = await import('../../engine/config/access.ts')
  const file = textFlag(values, 'access')
  if (file !== undefined) {
    const { loadAccessFile } = await import('../../engine/config/access-file.ts')
    const path = resolve(cwd, file)
    // As problems show it: near where one is.
    const shown = cwd === process.cwd() ? shownPath(path, cwd) : path
    const { http, access } = await loadAccessFile(shown, env)
    return { http: http ?? environment?.http ?? defaultHttpSettings(), access }
  }
  const http = environment?.http ?? defaultHttpSettings()
  if (environment !== undefined) return { http, access: environment.access }
  const path = keysBeside(storeDir)
  return { http, access: existsSync(path) ? { keys: { kind: 'file', path }, tokens: [] } : undefined }
}

/** The file of keys of an embedded store. */
export function keysBeside(storeDir: string): string {
  return join(storeDir, '.millrace', 'keys.json')
}
