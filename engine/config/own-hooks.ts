import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

const door = new URL(`../component/index${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const packageName = 'millrace'

/** Files of users, by their URLs: those that a topology names, and what they import of their own project. */
const announced = new Set<string>()
let hooked = false

/**
 * Says that the file at a URL is code of a user, before it is imported; its real path, which Node uses, then is too. In such a file `millrace` is
 * this Millrace, wherever the file lies and whatever is installed beside it: two copies would not know each other's
 * operators. Its TypeScript is a module even where no package.json says so, and also in a package that is installed, whose types
 * Node does not strip by itself.
 */
export function announceOwnFile(url: string): void {
  announced.add(url)
  if (hooked) return
  hooked = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const byOwn = context.parentURL !== undefined && announced.has(context.parentURL)
      if (!byOwn && !announced.has(specifier)) return nextResolve(specifier, context)
      if (byOwn && specifier === packageName) return { url: door.href, shortCircuit: true }
      const resolved = nextResolve(specifier, context)
      const isTheirs = isInstalled(resolved.url) && !(byOwn && specifier.startsWith('.'))
      if (!resolved.url.startsWith('file:') || (isTheirs && !announced.has(resolved.url))) return resolved
      announced.add(resolved.url)
      return /\.m?ts$/.test(resolved.url) ? { ...resolved, format: 'module-typescript' } : resolved
    },
    load(url, context, nextLoad) {
      if (!announced.has(url) || !isInstalled(url) || !/\.m?ts$/.test(url)) return nextLoad(url, context)
      const source = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'))
      return { format: 'module', source, shortCircuit: true }
    },
  })
}

function isInstalled(url: string): boolean {
  return url.includes('/node_modules/')
}

/** Whether the file at that URL is code of a user. */
export function isAnnounced(url: string): boolean {
  return announced.has(url)
}
