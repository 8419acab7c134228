import type { RawClientEvent } from './binding.ts'
import type { ClientEvent } from './client-events.ts'
import { KafkaError, kafkaError, type KafkaErrorClass, type RawKafkaError } from './errors.ts'

interface Line {
  /** host:port */
  readonly at: string
  readonly reason: string
  /** How far the connection had come, as librdkafka calls it, and how long ago. */
  readonly state: string
  readonly ms: number
  /** What is wrong with the broker's certificate, where that was heard. */
  readonly certificate?: string | undefined
}

interface Rule {
  readonly reason: RegExp
  readonly state?: string
  /** That of the error's code, if it is not given. */
  readonly class?: KafkaErrorClass
  /** What to say; `match` is that of `reason`. */
  readonly say: (line: Line, match: RegExpExecArray) => string
}

const named = /^(?:\w+:\/\/)?(?:(?:Group|Txn)Coordinator[^:]*: )?([^\s/]+:\d+)(?:\/[\w-]+)?: (.*)$/s
const suffix = / \(after (\d+)ms in state (\w+)(?:, \d+ identical error\(s\) suppressed)?\)$/

/** The first rule that fits. Only what cannot pass by itself is fatal: a broker that restarts cuts any handshake. */
const rules: readonly Rule[] = [
  {
    reason: /mechanism handshake failed: Broker: Request not valid in current SASL state/,
    class: 'fatal',
    say: ({ at }) => `${at} does not ask for SASL: check security.protocol, or take the port that does.`,
  },
  {
    reason: /mechanism handshake failed: (Broker: .*): broker's supported mechanisms: (.*)/,
    class: 'fatal',
    say: ({ at }, [, why, offered]) =>
      `${at} offers other SASL mechanisms (${offered}): check sasl.mechanism. (${why})`,
  },
  {
    reason: /mechanism handshake failed: (.*?): broker's supported mechanisms/,
    class: 'downstream',
    say: ({ at }, [, why]) => `${at} broke off while SASL began (${why}).`,
  },
  {
    reason: /^SASL authentication (?:error|failure): (?!SaslAuthenticate)(.*)/s,
    say: ({ at }, [, why]) =>
      `${at} refuses the credentials (${why!.trim()}): check sasl.mechanism, and the user and password or the token.`,
  },
  {
    reason: /certificate verify failed/,
    class: 'fatal',
    say: ({ at, certificate = 'it is not trusted' }) =>
      `The certificate of ${at} is refused (${certificate}): check its dates and host names, and ssl.ca.location.`,
  },
  {
    reason:
      /alert (?:\w+ )?(?:certificate|unknown ca|access denied)|unexpected message|alert handshake failure/,
    class: 'fatal',
    say: ({ at, reason }) =>
      `${at} refuses this client's certificate, or the want of one: check ssl.certificate.location and ssl.key.location. (${reason})`,
  },
  {
    reason: /wrong version number|unknown protocol/,
    class: 'fatal',
    say: ({ at }) => `${at} does not speak TLS: check security.protocol, or take the port that does.`,
  },
  {
    reason: /Disconnected|unexpected eof|SSL transport error|reset by peer/,
    state: 'SSL_HANDSHAKE',
    class: 'downstream',
    say: ({ at }) =>
      `${at} closed the connection when TLS began: if it goes on, that port is not for TLS (security.protocol).`,
  },
  {
    reason: /Disconnected|reset by peer|Broken pipe/,
    state: 'APIVERSION_QUERY',
    say: ({ at }) =>
      `${at} closed the connection at the first request: if it goes on, that port is for TLS (security.protocol).`,
  },
  {
    reason: /Disconnected|reset by peer|Broken pipe/,
    state: 'UP',
    say: ({ at, ms }) =>
      `${at} closed the connection` +
      (ms < 2000 ? ': if it goes on, that port is for SASL (security.protocol).' : '.'),
  },
  {
    reason: /^ApiVersionRequest failed: Local: Timed out/,
    say: ({ at }) => `${at} accepts connections and does not answer.`,
  },
  {
    reason: /^Failed to resolve '.*': (.*)/,
    say: ({ at }, [, why]) =>
      `The host name of ${at} is not known (${why}): check bootstrap.servers, and advertised.listeners of the brokers.`,
  },
  {
    reason: /^Connect to \S+ failed: (.*)/,
    say: ({ at }, [, why]) => `${at} cannot be reached: ${why}.`,
  },
]

/**
 * librdkafka's sentences about connections, in words that say where, what and what to do. Each client has one of these:
 * what helps is often spread over a log, an error and another error.
 */
export class Troubles {
  /** Why a certificate was not accepted, by host:port. */
  readonly #certificates = new Map<string, string>()
  #last: string | undefined

  /** Why the brokers cannot be asked, as far as it was heard; a sentence. */
  get last(): string | undefined {
    return this.#last
  }

  hear(event: RawClientEvent): ClientEvent {
    if (event.type === 'failed') return { type: 'failed', error: this.error(event.error) }
    if (event.type === 'log') this.#hearLog(event.facility, event.message)
    return event
  }

  /** An error that the client tells by itself. What librdkafka said is its `cause`. */
  error(raw: Error): KafkaError {
    const error = kafkaError(raw)
    if (error.code === '_ALL_BROKERS_DOWN')
      return reworded(error, `No broker can be used (${error.message})${this.#because()}`)
    const acquired = /^Failed to acquire SASL OAUTHBEARER token: (.*)/s.exec(error.message)
    if (acquired !== null)
      return reworded(error, `There is no token for SASL OAUTHBEARER: ${acquired[1]}`, 'downstream')
    const line = read(error.message)
    if (line === undefined) return error
    const { sentence, class: errorClass = error.class } = explain(this.#known(line))
    this.#last = sentence
    return reworded(error, sentence, (raw as RawKafkaError).fatal ? error.class : errorClass)
  }

  /** A request that failed, with why, if that was heard; `what` says what was asked for. */
  unanswered(error: KafkaError, what?: string): KafkaError {
    const passes = error.class === 'downstream' || error.class === 'unknown'
    if (what === undefined && !(passes && this.#last !== undefined)) return error
    const about = what === undefined ? '' : `${what}: `
    const because = passes ? this.#because() : '.'
    return reworded(error, `${about}${error.message.replace(/\.$/, '')}${because}`)
  }

  #because(): string {
    return this.#last === undefined ? '.' : `; the last that was heard: ${this.#last}`
  }

  #hearLog(facility: string, message: string): void {
    const line = read(message.replace(/^\[thrd:[^\]]*\]: /, ''))
    if (line === undefined) return
    const refused = /verification callback failed: (.*)/.exec(line.reason)
    if (facility === 'SSLCERTVRFY' && refused !== null) this.#certificates.set(line.at, refused[1]!)
    if (facility === 'FAIL') this.#last = explain(this.#known(line)).sentence
  }

  #known(line: Line): Line {
    return { ...line, certificate: this.#certificates.get(line.at) }
  }
}

function explain(line: Line): { sentence: string; class?: KafkaErrorClass | undefined } {
  for (const rule of rules) {
    const match = rule.reason.exec(line.reason)
    if (match === null || (rule.state !== undefined && rule.state !== line.state)) continue
    return { sentence: rule.say(line, match), class: rule.class }
  }
  return { sentence: `${line.at}: ${line.reason}.` }
}

function read(message: string): Line | undefined {
  const [tail, ms = '', state = ''] = suffix.exec(message) ?? ['']
  const match = named.exec(message.slice(0, message.length - tail.length))
  if (match === null) return undefined
  return { at: match[1]!, reason: match[2]!, state, ms: Number(ms) }
}

function reworded(error: KafkaError, message: string, errorClass = error.class): KafkaError {
  return new KafkaError(error.code, error.number, message, errorClass, error.cause)
}
