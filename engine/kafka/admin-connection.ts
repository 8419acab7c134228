import { isIP } from 'node:net'
import type * as client from '@platformatic/kafka'
import type { Admin, AdminOptions, API, Broker, Callback, Connection } from '@platformatic/kafka'
import { downstreamError, fatalError } from '../errors.ts'
import { adminError } from './admin-errors.ts'
import { tokenSource } from './oauth.ts'
import { userOf } from './rights.ts'
import type { KafkaSettings, SaslSettings, TlsSettings } from './settings.ts'

type Client = typeof client

/** How an admin connection is made. */
export interface AdminConnectionOptions {
  /** How long one request may take, retries included, in milliseconds. 20 s if not given. */
  readonly limitMs?: number
  /** Gives a token for OAUTHBEARER, instead of the endpoint of the settings. */
  readonly token?: () => Promise<string>
}

const defaultLimitMs = 20_000
const againMs = 200

/** A client of @platformatic/kafka under time limits, whose errors are those of Millrace. */
export class AdminConnection {
  readonly #client: Client
  readonly #admin: Admin
  readonly #brokers: readonly string[]
  /** Whom the brokers take this client for. */
  readonly user: string
  readonly #limitMs: number

  private constructor(client: Client, admin: Admin, settings: KafkaSettings, limitMs: number) {
    this.#client = client
    this.#admin = admin
    this.#brokers = settings.brokers
    this.user = userOf(settings)
    this.#limitMs = limitMs
  }

  /** Makes a client; nothing is connected before the first request. The package takes 0.4 s to load. */
  static async open(settings: KafkaSettings, options: AdminConnectionOptions): Promise<AdminConnection> {
    const loaded = await loadClient()
    const limitMs = options.limitMs ?? defaultLimitMs
    const admin = new loaded.Admin(clientOptions(settings, limitMs, options.token ?? tokenOf(settings.sasl)))
    return new AdminConnection(loaded, admin, settings, limitMs)
  }

  /**
   * Asks; where Kafka answers that it is not ready for it yet (a coordinator that moves, a topic just made), again until
   * the time is up. Rejects with a MillraceError. `what` is the subject of its sentence: `The topics cannot be listed`;
   * `operation` the right that the request needs, as ACLs name it.
   */
  async ask<Answer>(
    what: string,
    operation: string,
    request: (admin: Admin) => Promise<Answer>,
  ): Promise<Answer> {
    const access = { user: this.user, operation }
    const deadline = performance.now() + this.#limitMs
    for (;;) {
      try {
        return await within(deadline - performance.now(), request(this.#admin), what)
      } catch (error) {
        const told = adminError(error, what, this.#brokers, access)
        const answered = told.kind === 'downstream' && 'kafka' in told.facts
        if (!answered || performance.now() + againMs > deadline) throw told
      }
      await new Promise((resolve) => setTimeout(resolve, againMs))
    }
  }

  /**
   * One request of Kafka's protocol, in the newest version that both sides know. Rejects with the client's own error.
   *
   * @param broker  whom; any broker if undefined
   */
  async request<Answer>(
    name: string,
    broker: Broker | undefined,
    ...args: readonly unknown[]
  ): Promise<Answer> {
    const symbols = this.#client
    const admin = this.#admin
    const connection = await called<Connection>((done) =>
      broker === undefined
        ? admin[symbols.kGetBootstrapConnection](done)
        : admin[symbols.kGetConnection](broker, done),
    )
    const api = await called<API<unknown[], Answer>>((done) => admin[symbols.kGetApi](name, done))
    return api.async(connection, ...args)
  }

  async close(): Promise<void> {
    // A connection that is still being made would keep it waiting.
    await within(2000, this.#admin.close(), 'The connections cannot be closed').catch(() => undefined)
  }
}

function called<Value>(call: (done: Callback<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error === null ? resolve(value as Value) : reject(error)))
  })
}

async function within<Value>(limitMs: number, answer: Promise<Value>, what: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(downstreamError('KAFKA_AWAY', `${what}: Kafka gave no answer in time.`)),
      limitMs,
    )
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function clientOptions(
  { brokers, tls, sasl }: KafkaSettings,
  limitMs: number,
  token: AdminConnectionOptions['token'],
): AdminOptions {
  return {
    clientId: 'millrace-admin',
    bootstrapBrokers: [...brokers],
    // Of one request, of which there are several attempts within the limit.
    timeout: Math.min(limitMs, 10_000),
    requestTimeout: Math.min(limitMs, 10_000),
    connectTimeout: Math.min(limitMs, 5000),
    retries: 3,
    retryDelay: 200,
    // A name is told to the broker (SNI); an address must not be (RFC 6066), which Node would warn of.
    ...(tls && { tls: tlsOptions(tls), tlsServerName: !brokers.some(isAddress) }),
    ...(sasl && { sasl: saslOptions(sasl, token) }),
  }
}

function tokenOf(sasl: SaslSettings | undefined): AdminConnectionOptions['token'] {
  if (sasl?.mechanism !== 'OAUTHBEARER') return undefined
  const source = tokenSource(sasl)
  return async () => (await source.token()).value
}

function isAddress(broker: string): boolean {
  return isIP(broker.replace(/:\d+$/, '').replaceAll(/[[\]]/g, '')) !== 0
}

function tlsOptions({
  ca,
  certificate,
  key,
  passphrase,
  verify,
}: TlsSettings): NonNullable<AdminOptions['tls']> {
  return {
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key: key.reveal() }),
    ...(passphrase !== undefined && { passphrase: passphrase.reveal() }),
    rejectUnauthorized: verify,
  }
}

function saslOptions(
  sasl: SaslSettings,
  token: AdminConnectionOptions['token'],
): NonNullable<AdminOptions['sasl']> {
  if (sasl.mechanism !== 'OAUTHBEARER')
    return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password.reveal() }
  return { mechanism: 'OAUTHBEARER', ...(token && { token }) }
}

/** An optional dependency: embedded mode does without. */
async function loadClient() {
  try {
    return await import('@platformatic/kafka')
  } catch (cause) {
    const advice = 'run `make native` in a checkout, or install without --omit=optional'
    throw fatalError('KAFKA_REFUSED', `The package @platformatic/kafka is not installed: ${advice}.`, {
      cause,
    })
  }
}
