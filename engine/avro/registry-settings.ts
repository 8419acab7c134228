import type { Secret } from '../component/contracts/secret.ts'

/** How to speak to a registry over TLS. Texts are PEM. */
export interface RegistryTls {
  /** Authorities to trust instead of the system's. */
  readonly ca?: string | undefined
  /** The certificate that this client shows, and its key. */
  readonly certificate?: string | undefined
  readonly key?: Secret | undefined
  readonly passphrase?: Secret | undefined
  /** False accepts any certificate. */
  readonly verify: boolean
}

/** Where a schema registry is, and how it is used: the `registry` part of an environment. */
export interface RegistrySettings {
  /** The base of the Confluent API; several nodes of one registry are apart by commas, and are tried in that order. */
  readonly url: string
  /** Basic authentication; with `password`, and without `token`. */
  readonly username?: string | undefined
  readonly password?: Secret | undefined
  /** Bearer authentication. */
  readonly token?: Secret | undefined
  readonly tls?: RegistryTls | undefined
  /** What subjects are called: `record` = `{topic}-{record full name}`, `topic` = `{topic}-value`. */
  readonly subjects: 'record' | 'topic'
  /** Whether producing may register a schema that its subject does not have. */
  readonly register: boolean
  /** A folder that keeps what the registry has answered, for starts without it; without one nothing is kept. */
  readonly cache?: string | undefined
}

/** Times and limits; the defaults are for production, and tests are quicker. Milliseconds and bytes. */
export interface RegistryTuning {
  /** How long a request may take in all: 10 s. */
  readonly timeoutMs: number
  /** The largest answer that is read: 5 MiB. */
  readonly maxBytes: number
  /** The wait after a node failed: doubled from the first to the second of these, and shortened at random: 0.25 s, 10 s. */
  readonly backoffMs: readonly [number, number]
  /** How long a value waits for the schema of an id that the registry does not know: 30 s. */
  readonly graceMs: number
  /** For how long an unknown id is not asked for again: 5 s, and a fifth of it during the grace period. */
  readonly unknownMs: number
  /** How old the newest version of a subject may be before it is asked for again: 60 s. */
  readonly latestMs: number
  /** A clock that never goes back. */
  readonly now: () => number
  readonly random: () => number
  /** Something that passes, or is worth knowing, in one sentence: for the log. */
  readonly trouble: (sentence: string) => void
}

/** The tuning that holds where nothing else is said. */
export const defaultTuning: RegistryTuning = {
  timeoutMs: 10_000,
  maxBytes: 5 * 1024 * 1024,
  backoffMs: [250, 10_000],
  graceMs: 30_000,
  unknownMs: 5000,
  latestMs: 60_000,
  now: () => performance.now(),
  random: Math.random,
  trouble: () => undefined,
}
