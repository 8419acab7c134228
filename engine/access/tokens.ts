import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose'
import { refused, type Verdict } from './identity.ts'
import type { TokenIssuer } from './settings.ts'
import { SigningKeys, SigningKeysAway } from './signing-keys.ts'

const mostBytes = 8192

/** Checks JSON web tokens (RFC 7519) of the issuers that are named, by RFC 8725: no algorithm but those that are listed. */
export class Tokens {
  readonly #issuers: ReadonlyMap<string, IssuerCheck>
  readonly #now: () => number

  constructor(issuers: readonly TokenIssuer[], now: () => number) {
    this.#now = now
    this.#issuers = new Map(issuers.map((one) => [one.issuer, new IssuerCheck(one, now)]))
  }

  async verdictOn(text: string): Promise<Verdict> {
    const issuer = text.length > mostBytes ? undefined : issuerOf(text)
    if (issuer === undefined)
      return refused('The bearer token is neither a key of Millrace nor a JSON web token.')
    const check = this.#issuers.get(issuer)
    // What the token says of itself is not checked yet: it chooses among the issuers, and nothing else.
    if (check === undefined) return refused('The token is of an issuer that is not known here.')
    return check.verdictOn(text, this.#now())
  }
}

function issuerOf(text: string): string | undefined {
  try {
    return decodeJwt(text).iss ?? ''
  } catch {
    return undefined
  }
}

class IssuerCheck {
  readonly #issuer: TokenIssuer
  readonly #keys: SigningKeys | undefined
  readonly #secret: Uint8Array | undefined

  constructor(issuer: TokenIssuer, now: () => number) {
    this.#issuer = issuer
    const { verifyBy } = issuer
    this.#keys = verifyBy.kind === 'keys' ? new SigningKeys(verifyBy.place, now) : undefined
    this.#secret = verifyBy.kind === 'secret' ? Buffer.from(verifyBy.secret.reveal()) : undefined
  }

  async verdictOn(text: string, now: number): Promise<Verdict> {
    const { issuer, audience, algorithms, skewMs } = this.#issuer
    const options: JWTVerifyOptions = {
      ...{ issuer, audience: [...audience], algorithms: [...algorithms], clockTolerance: skewMs / 1000 },
      currentDate: new Date(now),
      requiredClaims: ['exp', 'sub'],
    }
    try {
      const { payload } =
        this.#keys === undefined
          ? await jwtVerify(text, this.#secret!, options)
          : await jwtVerify(text, this.#keys.keyFor, options)
      return this.#known(payload)
    } catch (error) {
      return this.#wrong(error)
    }
  }

  #known(payload: JWTPayload): Verdict {
    const { sub = '', exp = 0 } = payload
    // A subject goes into logs and audit records: one that could not be told there is none.
    if (sub === '' || sub.length > 200 || /\p{Cc}/u.test(sub))
      return refused('The token names no subject that can be recorded.')
    const scopes = scopesOf(payload)
    return {
      outcome: 'known',
      identity: { kind: 'token', id: this.#issuer.issuer, name: sub, scopes, expires: exp * 1000 },
    }
  }

  #wrong(error: unknown): Verdict {
    if (error instanceof SigningKeysAway)
      return {
        outcome: 'unsure',
        sentence: `The signing keys of ${this.#issuer.issuer} cannot be had at present.`,
      }
    if (error instanceof errors.JWTExpired) return refused('The token has expired: get a new one.')
    if (error instanceof errors.JWTClaimValidationFailed) return refused(claimSentence(error.claim))
    if (error instanceof errors.JOSEAlgNotAllowed)
      return refused('The token is signed by an algorithm that is not allowed here.')
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
      return refused('The token is signed with a key that its issuer does not have.')
    return refused('The signature of the token is not right.')
  }
}

function claimSentence(claim: string): string {
  if (claim === 'nbf') return 'The token is not valid yet.'
  if (claim === 'aud') return 'The token is for another audience.'
  return `The token’s claim ${claim} is missing or wrong.`
}

/** `scope` is one text with spaces (RFC 8693), `scp` that or a list. */
function scopesOf({ scope, scp }: JWTPayload): string[] {
  return [scope, scp].flatMap((given): string[] => {
    if (typeof given === 'string') return given.split(' ').filter((one) => one !== '')
    return Array.isArray(given) ? given.filter((one): one is string => typeof one === 'string') : []
  })
}
