import { downstreamError, fatalError, MillraceError, permanentError, sentenceOf } from '../errors.ts'
import type { ErrorCode, ErrorKind } from '../errors.ts'

/** What a node answered instead of a result (CQL binary protocol v4, §9). */
export interface ServerError {
  readonly code: number
  readonly message: string
}

interface Rule {
  readonly kind: Exclude<ErrorKind, 'record'>
  readonly code: ErrorCode
  /** What it means and what to do, behind the words of the node. */
  readonly advice: string
}

const passing = 'it is tried again'
const passes = (advice: string): Rule => ({ kind: 'downstream', code: 'CASSANDRA_AWAY', advice })
const fails = (code: ErrorCode, advice: string): Rule => ({ kind: 'fatal', code, advice })

/** A login that failed since the nodes could not read the passwords. */
const loginMayPass = /unable to perform|cannot achieve|timed out|unavailable/i

/** What each code of the protocol means for a worker. A code that is not here is taken for trouble that passes. */
export const cassandraRules: ReadonlyMap<number, Rule> = new Map([
  [0x0000, passes(`the node has a trouble of its own; ${passing}, and its log says more`)],
  [0x000a, fails('CASSANDRA_REFUSED', 'the node does not speak this version of the protocol (v4): use Cassandra 3.11 or later, or Scylla')], // prettier-ignore
  [0x0100, fails('CASSANDRA_REFUSED', 'correct username and password of the environment')],
  [0x1000, passes(`too few replicas are up for the consistency level; ${passing}`)],
  [0x1001, passes(`the node is overloaded; ${passing} with fewer requests at once`)],
  [0x1002, passes(`the node is still joining; ${passing}`)],
  [0x1003, passes(`truncating failed; ${passing}`)],
  [0x1100, passes(`too few replicas acknowledged in time; ${passing}`)],
  [0x1200, passes(`too few replicas answered in time; ${passing}`)],
  [0x1300, passes(`a replica failed while it read; ${passing}, and its log says more`)],
  [0x1400, fails('CASSANDRA_REFUSED', 'a user function failed, and Millrace calls none')],
  [0x1500, passes(`a replica failed while it wrote; ${passing}, and its log says more`)],
  [0x1600, passes(`the commit log for change data capture is full; ${passing}`)],
  [0x1700, passes(`whether a conditional write took effect is not known; ${passing}`)],
  [0x2000, fails('CASSANDRA_REFUSED', 'the statement is not one that this version of the database takes')],
  [0x2100, fails('CASSANDRA_REFUSED', 'have the user of the environment allowed to (GRANT)')],
  [0x2200, { kind: 'permanent', code: 'ROW_REFUSED', advice: 'correct the record, or the mapping that made the row' }], // prettier-ignore
  [0x2300, fails('CASSANDRA_REFUSED', 'the configuration of the database forbids it')],
  [0x2400, fails('CASSANDRA_REFUSED', 'it is there already')],
  [0x2500, passes(`the node has forgotten the statement; ${passing}`)],
])

/** What an invalid request (0x2200) says where it is not about its values. */
const schemaTroubles: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/keyspace .*(does not exist|unknown)|unknown keyspace|no keyspace/i, 'CASSANDRA_REFUSED', 'make it with `millrace cql apply`, or correct the keyspace of the environment'], // prettier-ignore
  [/(unconfigured table|table .* does not exist|unknown table|undefined column|unknown identifier|undefined name|undefined column name)/i, 'TABLE_INCOMPATIBLE', 'see what differs with `millrace cql plan`, and run `millrace cql apply`'], // prettier-ignore
  [/(requires? .*consistency|consistency .* (is )?not (supported|compatible))/i, 'CASSANDRA_REFUSED', 'correct `consistency` of the environment'], // prettier-ignore
]

/** Silence and overload: fewer requests at once may help. */
export function isOverloaded(error: unknown): boolean {
  return answerOf(error)?.code === 0x1001 || causesOf(error).some(({ name }) => slownesses.has(name))
}

/** As the driver says that no answer came within the time for it: `ms`, milliseconds. */
export function silence(ms: number): Error {
  return Object.assign(new Error(`No node replied before timeout ${ms} ms`), {
    name: 'OperationTimedOutError',
  })
}

const slownesses = new Set(['OperationTimedOutError', 'BusyConnectionError'])

/** True where the request was refused for what is in it, so that a part of it may be taken. */
export function isAboutRow(error: unknown): boolean {
  return error instanceof MillraceError && error.kind === 'permanent'
}

/**
 * What a node answered as an error of Millrace. `downstream`: away or overloaded, it passes. `fatal`: somebody must put
 * the environment, the grants or the tables right. `permanent`: this row can never be written.
 *
 * @param what  what was asked for, as the subject of a sentence: `A row of audit_by_user`
 */
export function serverError(error: ServerError, what: string): MillraceError {
  const { message } = error
  const code = error.code === 0x0100 && loginMayPass.test(message) ? 0x1000 : error.code
  const said = message.replaceAll(/\s+/g, ' ').replace(/[.\s]+$/, '')
  const trouble = code === 0x2200 ? schemaTroubles.find(([pattern]) => pattern.test(said)) : undefined
  const rule = trouble === undefined ? cassandraRules.get(code) : fails(trouble[1], trouble[2])
  const { kind, code: name, advice } = rule ?? passes(`the error is of a kind that Millrace does not know; ${passing}`) // prettier-ignore
  const sentence = `${what} was not taken by Cassandra: ${said}: ${advice}.`
  return new MillraceError(kind, name, sentence, { facts: { serverCode: code } })
}

/** The driver's errors, as far as they are looked into. */
interface DriverError extends Error {
  readonly code?: number | string
  /** Of TLS: what OpenSSL said. */
  readonly reason?: string
  /** Of NoHostAvailableError: what each host said. */
  readonly innerErrors?: Readonly<Record<string, unknown>>
  readonly innerError?: unknown
}

const tlsCodes =
  /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS|ERR_SSL|HOSTNAME_MISMATCH|EPROTO|ECONNRESET_TLS)/

/**
 * An error of the driver, or of a connection, as one of Millrace.
 *
 * @param what  what was asked for, as the subject of a sentence
 * @param where  the contact points
 */
export function clientError(error: unknown, what: string, where: string): MillraceError {
  if (error instanceof MillraceError) return error
  const all = causesOf(error)
  const login = all.find((one) => one.name === 'AuthenticationError' && !loginMayPass.test(one.message))
  if (login !== undefined) return badLogin(login, where, error)
  const answer = answerOf(error)
  if (answer !== undefined) return serverError(answer, what)
  const tls = all.find((one) => typeof one.code === 'string' && tlsCodes.test(one.code))
  if (tls !== undefined) return badTls(tls, where, error)
  const isDatacenter = (one: Error) =>
    one.name === 'ArgumentError' && /^Datacenter .* was not found/.test(one.message)
  const datacenter = all.find(isDatacenter)
  if (datacenter !== undefined) return badDatacenter(datacenter, where, error)
  const deepest = all.find((one) => one.name !== 'NoHostAvailableError') ?? all[0]
  return away(what, where, deepest === undefined ? String(error) : plain(deepest.message), error)
}

/** What a node answered, where that is why a request of the driver failed. */
export function answerOf(error: unknown): ServerError | undefined {
  const answer = causesOf(error).find((one) => one.name === 'ResponseError' && typeof one.code === 'number')
  return answer && { code: answer.code as number, message: answer.message }
}

/** The whole tree of an error: of each host, and of what lies behind each. */
function causesOf(error: unknown): DriverError[] {
  if (typeof error !== 'object' || error === null || !('message' in error)) return []
  const { innerErrors, innerError, cause } = error as DriverError
  const inner = [...Object.values(innerErrors ?? {}), innerError, cause]
  return [error as DriverError, ...inner.flatMap(causesOf)]
}

/** Nobody answers, or not in time. */
export function away(what: string, where: string, reason: string, cause?: unknown): MillraceError {
  const sentence = `${what} failed, since Cassandra at ${where} does not answer: ${reason}: ${passing}.`
  return downstreamError('CASSANDRA_AWAY', sentence, { cause })
}

function badLogin(error: Error, where: string, cause: unknown): MillraceError {
  const missing = /no authenticator|not set/i.test(error.message)
  const reason = missing ? 'it asks for a user and password' : plain(error.message)
  const sentence = `Cassandra at ${where} does not let this client in: ${reason}: correct username and password of the environment.`
  return fatalError('CASSANDRA_REFUSED', sentence, { cause })
}

function badTls(error: DriverError, where: string, cause: unknown): MillraceError {
  const { reason = error.message } = error
  const sentence = `No TLS with Cassandra at ${where}: ${plain(reason)}: correct \`tls\` of the environment, or the certificate.`
  return fatalError('CASSANDRA_REFUSED', sentence, { cause })
}

function badDatacenter(error: Error, where: string, cause: unknown): MillraceError {
  const found = /DCs are: \[([^\]]*)\]/.exec(error.message)?.[1]
  const there = found === undefined ? plain(error.message) : `it has ${found.replaceAll(',', ', ')}`
  const sentence = `Cassandra at ${where} has no data center of that name, ${there}: correct \`datacenter\` of the environment.`
  return fatalError('CASSANDRA_REFUSED', sentence, { cause })
}

/** A row that is too large for a request. */
export function tooLarge(what: string, bytes: number, most: number): MillraceError {
  const sentence = `${what} is ${bytes} bytes large and a write may have ${most}: store large values elsewhere, and their address here.`
  return permanentError('ROW_REFUSED', sentence)
}

function plain(message: string): string {
  return sentenceOf(new Error(message.replaceAll(/\s+/g, ' ').replace(/[.\s]+$/, '')))
}
