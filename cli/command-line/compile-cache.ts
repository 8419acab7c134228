import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Keeps the compiled modules in `~/.cache/millrace/compiled` (`XDG_CACHE_HOME`), so that the next command starts with half of
 * the CPU: the types of TypeScript files are stripped once. In the home of the user, and not where Node would put it, in a
 * folder for everybody's temporary files. Does nothing where that folder cannot be written, or with
 * `NODE_DISABLE_COMPILE_CACHE=1`.
 */
export function keepCompiledModules(): void {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  enableCompileCache(join(cache, 'millrace', 'compiled'))
}
