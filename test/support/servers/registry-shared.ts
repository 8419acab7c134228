// The schema registry that all test files of one run share.

import { registryCalls, type RegistryCalls } from './registry-calls.ts'
import { type RegistryAddresses } from './registry.ts'
import { kept } from './shared.ts'

/** A registry that other tests use as well: it is not to be stopped, and subjects are one's own. */
export type SharedRegistry = Pick<RegistryAddresses, 'url'> & RegistryCalls

/**
 * The registry of this test run, without passwords and TLS.
 *
 * With MILLRACE_REGISTRY=URL it is the one whose Confluent API is there.
 *
 * @throws Error in one sentence where it cannot be had
 */
export async function sharedRegistry(): Promise<SharedRegistry> {
  const there = process.env['MILLRACE_REGISTRY']
  const { url } = there ? { url: there } : await kept<RegistryAddresses>({ server: 'registry' })
  const calls = registryCalls(url)
  if (there) {
    await calls.call('GET', '/subjects').catch((error: unknown) => {
      const reason = (error as Error).message
      throw new Error(
        `test servers: no registry answers at MILLRACE_REGISTRY=${there} (${reason}); start it or unset the variable`,
      )
    })
  }
  return { url, ...calls }
}
