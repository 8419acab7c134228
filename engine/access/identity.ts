/** Somebody who has shown who they are. */
export interface Identity {
  /** `key`: a key of Millrace. `token`: a JSON web token. `open`: nobody was asked. */
  readonly kind: 'key' | 'token' | 'open'
  /** The key's id, or the issuer of the token. */
  readonly id: string
  /** The key's owner, or the token's subject. */
  readonly name: string
  readonly scopes: readonly string[]
  /** Milliseconds since 1970; undefined = never. */
  readonly expires?: number | undefined
}

/** What came of looking at somebody's credentials. */
export type Verdict =
  | { readonly outcome: 'known'; readonly identity: Identity }
  /** Refused. `who` is what can be said for sure: nothing, where the credentials prove nothing. */
  | {
      readonly outcome: 'refused'
      readonly sentence: string
      readonly who?: Pick<Identity, 'kind' | 'id' | 'name'>
    }
  /** Nobody can say at present: the issuer's keys cannot be had. */
  | { readonly outcome: 'unsure'; readonly sentence: string }

export function refused(sentence: string, who?: Pick<Identity, 'kind' | 'id' | 'name'>): Verdict {
  return { outcome: 'refused', sentence, ...(who && { who }) }
}
