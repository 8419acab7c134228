import { permanentError } from '../errors.ts'

/** Where a read stopped; the next page begins behind it. */
export interface PagePosition {
  /** The bucket being walked; empty where the read walks none. */
  readonly bucket: string
  /** Which of the read's SELECTs gave the last row: rows with equal keys come in the order of the SELECTs. */
  readonly select: number
  /** The last row's clustering key, as encodeKey writes it. */
  readonly key: Buffer
  /** How many rows LIMIT still allows; undefined without LIMIT. */
  readonly remaining: number | undefined
  /** The clock of the first page, in ms: what `now` means on the following pages too. */
  readonly now: number
}

const version = 1

/**
 * An opaque token (base64url) for the next page. `fingerprint` says which read with which parameters it belongs to. The
 * token is checked, not secret: who forges one still only sees rows of the partition that the parameters name.
 */
export function encodePageToken(position: PagePosition, fingerprint: string): string {
  const { bucket, select, key, remaining, now } = position
  const body = JSON.stringify([version, bucket, select, key.toString('base64'), remaining ?? -1, now])
  return Buffer.from(`${checksum(fingerprint + body)}${body}`).toString('base64url')
}

/** Reads a token back. Throws QUERY_REFUSED where it was changed, or belongs to another read or other parameters. */
export function decodePageToken(token: string, fingerprint: string): PagePosition {
  const text = Buffer.from(token, 'base64url').toString('utf8')
  const body = text.slice(16)
  if (!/^[\w-]+$/.test(token) || checksum(fingerprint + body) !== text.slice(0, 16)) {
    throw permanentError(
      'QUERY_REFUSED',
      'The page token belongs to another read or to other parameters, or it was changed: give the same parameters as for the page before, or leave the token out to begin again.',
    )
  }
  const [, bucket, select, key, remaining, now] = JSON.parse(body) as [
    number,
    string,
    number,
    string,
    number,
    number,
  ]
  return {
    bucket,
    select,
    key: Buffer.from(key, 'base64'),
    remaining: remaining < 0 ? undefined : remaining,
    now,
  }
}

/** A 64-bit hash in 16 hexadecimal digits: against mistakes, not against attackers. */
export function checksum(text: string): string {
  let left = 0xdeadbeef
  let right = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    left = Math.imul(left ^ code, 2654435761)
    right = Math.imul(right ^ code, 1597334677)
  }
  left = Math.imul(left ^ (left >>> 16), 2246822507) ^ Math.imul(right ^ (right >>> 13), 3266489909)
  right = Math.imul(right ^ (right >>> 16), 2246822507) ^ Math.imul(left ^ (left >>> 13), 3266489909)
  return [left, right].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}
