import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { fatalError } from '../errors.ts'

/** Where a worker serves its HTTP. */
export interface HttpAddress {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
}

/** Where `run` serves without `--http`. */
export const defaultHttp: HttpAddress = { host: '127.0.0.1', port: 0 }

/** Reads `--http`: `off` (undefined), `PORT`, `HOST:PORT` or `[IPV6]:PORT`. Throws USAGE. */
export function parseHttpFlag(flag: string): HttpAddress | undefined {
  if (flag === 'off') return undefined
  const match = /^(?:(?:\[([^\]]+)\]|([^:\s]+)):)?(\d{1,5})$/.exec(flag)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw fatalError('USAGE', `--http ${flag} is not an address: give off, PORT, HOST:PORT or [IPV6]:PORT.`)
  }
  return { host: match[1] ?? match[2] ?? defaultHttp.host, port }
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

/**
 * A secret by reference: `env:NAME` or `file:PATH` (its last line break does not count). The secret itself is refused
 * where a reference is meant, so that it does not come to lie in process lists and shell histories.
 */
export function resolveSecret(
  reference: string,
  env: Readonly<Record<string, string | undefined>>,
  what: string,
): string {
  const match = /^(env|file):(.+)$/.exec(reference)
  if (match === null) throw fatalError('USAGE', `${what} is given by reference: env:NAME or file:PATH.`)
  const [, kind, name] = match as unknown as [string, string, string]
  const secret = kind === 'env' ? env[name] : readSecretFile(name, what)
  if (secret === undefined || secret === '') {
    throw fatalError('CONFIG_INVALID', `${what}: ${reference} is empty or not set.`)
  }
  return secret
}

function readSecretFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw fatalError('CONFIG_UNREADABLE', `${what}: ${path} could not be read (${code}).`)
  }
}
