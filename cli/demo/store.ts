import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fatalError } from '../../engine/errors.ts'

const markName = 'made-by-demo'

/**
 * Takes the store of the last demo away. Rejects with STORE_LOCKED where a worker uses it, and with CONFIG_INVALID for
 * one that `--store` names and no demo has made: somebody's records are in it.
 */
export async function clearDemoStore(dir: string, named: boolean): Promise<void> {
  const folder = join(dir, '.millrace')
  if (!existsSync(join(folder, 'store.db'))) return
  if (named && !existsSync(join(folder, markName))) {
    const remedy = 'give another folder with --store, or --keep to run on top of it.'
    throw fatalError(
      'CONFIG_INVALID',
      `The store in ${dir} was not made by a demo, which begins with a new one: ${remedy}`,
    )
  }
  const { acquireWorkerLock } = await import('../../engine/embedded/worker-lock.ts')
  acquireWorkerLock(dir).release()
  rmSync(folder, { recursive: true, force: true })
}

/** Marks a new store as one that the next demo may take away. */
export function markDemoStore(dir: string): void {
  const folder = join(dir, '.millrace')
  if (existsSync(join(folder, 'store.db'))) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, markName), 'The next millrace demo takes this folder away.\n')
}
