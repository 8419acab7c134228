import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** A package that is installed beside this benchmark alone: nothing of it is known to the type checker. */
export async function peer<Package>(name: string): Promise<Package> {
  try {
    return require(name) as Package
  } catch (error) {
    throw new Error(`${name} cannot be loaded: run make bench-codecs, which installs it.`, { cause: error })
  }
}
