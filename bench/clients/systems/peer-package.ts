import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(join(import.meta.dirname, '../package.json'))

/**
 * Opens a client that is installed beside the benchmark alone. It is looked up at run time, so that the checkout is
 * complete without it.
 */
export async function openPeer<Peer>(name: string): Promise<Peer> {
  return (await import(pathToFileURL(require.resolve(name)).href)) as Peer
}
