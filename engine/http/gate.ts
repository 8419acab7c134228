import { isIPv6 } from 'node:net'
import type { Authenticator } from '../access/authenticator.ts'
import { Buckets, type Rate } from '../access/buckets.ts'
import type { Identity } from '../access/identity.ts'
import { topologiesOf } from '../access/scopes.ts'
import { HttpProblem } from './problem.ts'
import type { Route } from './route.ts'

/** How much is let through. */
export interface GateLimits {
  /** Of one identity. */
  readonly requests: Rate
  /** Of one address: logins that may fail in a minute. */
  readonly failedLogins: number
}

/** Somebody who is not let in, for the audit. */
export interface TurnedAway {
  readonly status: number
  readonly sentence: string
  /** Undefined where nothing was proved. */
  readonly who: Pick<Identity, 'kind' | 'id' | 'name'> | undefined
}

/** Says who may use a route, and how often. */
export class Gate {
  readonly #door: Authenticator
  readonly #requests: Buckets
  readonly #failures: Buckets
  readonly #now: () => number

  constructor(door: Authenticator, { requests, failedLogins }: GateLimits, now: () => number) {
    this.#door = door
    this.#requests = new Buckets(requests)
    this.#failures = new Buckets({ perSecond: failedLogins / 60, burst: failedLogins })
    this.#now = now
  }

  /** Who it is. Throws a problem, after telling `turnedAway` of it where that is a refusal and no limit. */
  async pass(
    { scope }: Pick<Route, 'scope'>,
    authorization: string | undefined,
    address: string,
    turnedAway: (one: TurnedAway) => Promise<void>,
  ): Promise<Identity> {
    const from = addressGroup(address)
    const tries = this.#failures.look(from, this.#now())
    if (!tries.ok) throw tooMany('Too many logins of this address have failed', tries.waitMs)
    const identity = await this.#known(authorization, from, turnedAway)
    const taken = this.#requests.take(`${identity.kind}/${identity.id}/${identity.name}`, this.#now())
    if (!taken.ok) throw tooMany('There are too many requests of you', taken.waitMs)
    if (scope === 'none' || scope === 'identity') return identity
    const where = topologiesOf(identity.scopes, scope)
    if (where === 'all' || where.size > 0) return identity
    const sentence = `You lack the scope ${scope}.`
    await turnedAway({ status: 403, sentence, who: identity })
    throw forbidden(sentence, scope)
  }

  async #known(
    authorization: string | undefined,
    from: string,
    turnedAway: (one: TurnedAway) => Promise<void>,
  ): Promise<Identity> {
    const verdict = await this.#door.verdictOn(authorization)
    if (verdict.outcome === 'known') return verdict.identity
    const { sentence } = verdict
    if (verdict.outcome === 'unsure') throw new HttpProblem('UNAVAILABLE', sentence, { 'Retry-After': '5' })
    this.#failures.take(from, this.#now())
    await turnedAway({ status: 401, sentence, who: verdict.who })
    // RFC 6750 §3: without credentials no error is named.
    const error = authorization === undefined ? '' : ', error="invalid_token"'
    throw new HttpProblem('UNAUTHENTICATED', sentence, {
      'WWW-Authenticate': `Bearer realm="millrace"${error}`,
    })
  }
}

/** A scope is missing. */
export function forbidden(sentence: string, scope: string): HttpProblem {
  const header = `Bearer realm="millrace", error="insufficient_scope", scope="${scope}"`
  return new HttpProblem('FORBIDDEN', sentence, { 'WWW-Authenticate': header })
}

function tooMany(sentence: string, waitMs: number): HttpProblem {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new HttpProblem('TOO_MANY_REQUESTS', `${sentence}: try again in ${seconds} s.`, {
    'Retry-After': String(seconds),
  })
}

/** Whose failures count together: an IPv4 address, or the /64 of an IPv6 address, which is what one customer has. */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [left = '', right] = address.split('%', 1)[0]!.split('::')
  const head = left.split(':').filter((part) => part !== '')
  const tail = right === undefined ? [] : right.split(':').filter((part) => part !== '')
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0')
  const parts = [...head, ...zeros, ...tail].slice(0, 4).map((part) => parseInt(part, 16).toString(16))
  return `${parts.join(':')}::/64`
}
