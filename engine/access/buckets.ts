/** How much is let through: `burst` at once, and `perSecond` in the long run. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

interface Bucket {
  tokens: number
  at: number
}

/** Whether something is let through, and after how many milliseconds it would be. */
export interface Take {
  readonly ok: boolean
  readonly waitMs: number
  /** How many more would be let through at once. */
  readonly left: number
}

/**
 * Token buckets by name. No more than `most` of them are kept: beyond that the one that was not asked for longest is
 * forgotten, which lets its owner begin with a full one.
 */
export class Buckets {
  readonly #rate: Rate
  readonly #most: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate, most = 10_000) {
    this.#rate = rate
    this.#most = most
  }

  /** Takes one, if there is one. `now` is milliseconds; time that goes backwards stands still. */
  take(name: string, now: number): Take {
    const bucket = this.#bucket(name, now)
    if (bucket.tokens < 1) return this.#answer(bucket, false)
    bucket.tokens -= 1
    return this.#answer(bucket, true)
  }

  /** What `take` would answer. */
  look(name: string, now: number): Take {
    const known = this.#buckets.get(name)
    if (known === undefined) return { ok: true, waitMs: 0, left: this.#rate.burst }
    this.#fill(known, now)
    return this.#answer(known, known.tokens >= 1)
  }

  get size(): number {
    return this.#buckets.size
  }

  #bucket(name: string, now: number): Bucket {
    const bucket = this.#buckets.get(name) ?? { tokens: this.#rate.burst, at: now }
    this.#fill(bucket, now)
    // Put last: the map is in the order of use.
    this.#buckets.delete(name)
    this.#buckets.set(name, bucket)
    if (this.#buckets.size > this.#most) this.#buckets.delete(this.#buckets.keys().next().value!)
    return bucket
  }

  #fill(bucket: Bucket, now: number): void {
    const passed = Math.max(0, now - bucket.at)
    bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + (passed / 1000) * this.#rate.perSecond)
    bucket.at = Math.max(now, bucket.at)
  }

  #answer({ tokens }: Bucket, ok: boolean): Take {
    const waitMs = tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / this.#rate.perSecond) * 1000)
    return { ok, waitMs: ok ? 0 : waitMs, left: Math.floor(tokens) }
  }
}
