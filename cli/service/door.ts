import { openDoor, openAuthenticator, type Authenticator } from '../../engine/access/authenticator.ts'
import { isLoopback } from '../../engine/observe/http-address.ts'
import { fatalError } from '../../engine/errors.ts'
import { usage } from '../command-line/flags.ts'
import type { ServiceSettings } from '../serve/settings.ts'

/** How people come in. */
export interface Door {
  readonly authenticator: Authenticator
  /** Nobody is asked who they are. */
  readonly open: boolean
}

/**
 * Opens the door of a service. Throws USAGE or CONFIG_INVALID where nobody could come in, anybody could, or keys would go
 * over a network as they are.
 */
export async function openTheDoor(
  { http, access }: ServiceSettings,
  withoutIdentity: boolean,
): Promise<Door> {
  const local = isLoopback(http.host)
  if (withoutIdentity) {
    if (!local)
      throw usage(
        `--without-identity is for this machine alone, and ${http.host} can be reached from others: bind 127.0.0.1.`,
      )
    if (access !== undefined)
      throw usage(
        'It is said who is let in, and --without-identity would let in anybody: leave one of the two out.',
      )
    return { authenticator: openDoor, open: true }
  }
  if (access === undefined) {
    throw fatalError(
      'CONFIG_INVALID',
      'Nobody could be let in: make a key with millrace keys new, name keys or tokens in the section access, or serve this machine alone with --without-identity.',
    )
  }
  if (!local && http.tls === undefined && http.proxies.length === 0) {
    throw fatalError(
      'CONFIG_INVALID',
      `HTTP on ${http.host} would carry keys and tokens for everybody to read: give http.tls a certificate and key, or name the proxy that has them in http.proxies.`,
    )
  }
  return { authenticator: await openAuthenticator(access), open: false }
}
