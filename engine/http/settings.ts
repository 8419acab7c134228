import type { Secret } from '../component/contracts/secret.ts'

/** How a service is reached. Durations are milliseconds. */
export interface ServerSettings {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  readonly tls?: { readonly certificate: string; readonly key: Secret; readonly passphrase?: Secret }
  /** Addresses and networks of proxies that say whom they speak for. */
  readonly proxies: readonly string[]
  readonly limits: {
    readonly perSecond: number
    readonly burst: number
    readonly failedLogins: number
    /** Bytes. */
    readonly body: number
    readonly time: number
    readonly connections: number
  }
}
