import {
  downstreamError,
  fatalError,
  MillraceError,
  permanentError,
  sentenceOf,
  type ErrorCode,
  type ErrorKind,
} from '../errors.ts'
import { missingRight, type Access } from './rights.ts'

/** As far as the errors of the client are looked into: a tree, by `errors` and `cause`. */
interface ClientError extends Error {
  readonly code?: string
  /** Of an answer of Kafka: the name of the error, and whether it may pass. */
  readonly apiId?: string
  readonly canRetry?: boolean
  readonly serverErrorMessage?: string | null
  readonly errors?: readonly ClientError[]
  readonly cause?: ClientError
  readonly address?: string
  readonly port?: number
}

interface AnswerRule {
  readonly kind: Exclude<ErrorKind, 'record'>
  readonly code: ErrorCode
  /** What it means, behind what was asked for. */
  readonly says: string
}

const notReady: AnswerRule = { kind: 'downstream', code: 'KAFKA_AWAY', says: 'Kafka is not ready for it' }
const busy: AnswerRule = {
  kind: 'permanent',
  code: 'GROUP_BUSY',
  says: 'the group has members, stop them first',
}

/**
 * What the answers of Kafka mean for whoever asked (by the names of Kafka's protocol errors). A right that is missing is `fatal`, with
 * its name (rights.ts); any other answer is `permanent`: this request will always meet it.
 */
export const answerRules: Readonly<Record<string, AnswerRule>> = {
  UNKNOWN_SERVER_ERROR: notReady,
  LEADER_NOT_AVAILABLE: notReady,
  NOT_LEADER_OR_FOLLOWER: notReady,
  REQUEST_TIMED_OUT: notReady,
  BROKER_NOT_AVAILABLE: notReady,
  REPLICA_NOT_AVAILABLE: notReady,
  NETWORK_EXCEPTION: notReady,
  COORDINATOR_LOAD_IN_PROGRESS: notReady,
  COORDINATOR_NOT_AVAILABLE: notReady,
  NOT_COORDINATOR: notReady,
  NOT_CONTROLLER: notReady,
  KAFKA_STORAGE_ERROR: notReady,
  UNSTABLE_OFFSET_COMMIT: notReady,
  OFFSET_NOT_AVAILABLE: notReady,
  THROTTLING_QUOTA_EXCEEDED: notReady,
  FENCED_LEADER_EPOCH: notReady,
  UNKNOWN_LEADER_EPOCH: notReady,
  UNSUPPORTED_VERSION: { kind: 'fatal', code: 'KAFKA_REFUSED', says: 'its version cannot do that' },
  TOPIC_DELETION_DISABLED: {
    kind: 'fatal',
    code: 'KAFKA_REFUSED',
    says: 'its delete.topic.enable is false',
  },
  UNKNOWN_TOPIC_OR_PARTITION: {
    kind: 'permanent',
    code: 'TOPIC_UNKNOWN',
    says: 'there is no such topic or partition',
  },
  GROUP_ID_NOT_FOUND: {
    kind: 'permanent',
    code: 'GROUP_UNKNOWN',
    says: 'there is no such consumer group',
  },
  NON_EMPTY_GROUP: busy,
  UNKNOWN_MEMBER_ID: busy,
  GROUP_SUBSCRIBED_TO_TOPIC: busy,
}

const passes = ({ apiId }: ClientError): boolean => answerRules[apiId!]?.kind === 'downstream'

/**
 * An error of the admin client as one of Millrace: `downstream` what passes, `fatal` what somebody must put right,
 * `permanent` what this request will always meet.
 *
 * @param what  what was asked for, as the subject of a sentence: `The topic orders cannot be made`
 * @param brokers  whom, for what is not Kafka's answer
 * @param access  whose right is missing, where one is
 */
export function adminError(
  error: unknown,
  what: string,
  brokers: readonly string[],
  access: Access = {},
): MillraceError {
  if (error instanceof MillraceError) return error
  const all = causesOf(error as ClientError)
  const answered = all.filter((one) => one.apiId !== undefined)
  const credentials = all.find((one) => one.apiId === 'SASL_AUTHENTICATION_FAILED' || isLogin(one))
  const where = brokers.join(',')
  if (credentials !== undefined) return badLogin(credentials, all, where, error)
  const answer = answered.find((one) => !passes(one)) ?? answered[0]
  if (answer !== undefined) return answerError(answer, what, error, access)
  const certificate = all.find((one) => isCertificate(one.code))
  if (certificate !== undefined) {
    const remedy = 'check its dates and host names, and kafka.tls.ca of the environment'
    const message = `The certificate of Kafka at ${where} is refused (${certificate.code}): ${remedy}.`
    return fatalError('KAFKA_REFUSED', message, { cause: error })
  }
  if (
    all.some((one) =>
      /verify the broker supports TLS|requires? TLS|may require TLS|wrong version number|packet length too long/i.test(
        one.message,
      ),
    )
  ) {
    const remedy = 'check the port, and kafka.tls of the environment'
    const message = `Kafka at ${where} and this client do not agree on TLS: ${remedy}.`
    return fatalError('KAFKA_REFUSED', message, { cause: error })
  }
  return away(all, what, where, error)
}

/** Whether Kafka answered with this error somewhere, such as `UNKNOWN_TOPIC_OR_PARTITION`. */
export function isAnswer(error: unknown, id: string): boolean {
  return causesOf(error as ClientError).some((one) => one.apiId === id)
}

/** The answer itself, where an error only says that something in it is wrong; it is known by a field of it. */
export function answerIn<Answer>(error: unknown, field: keyof Answer & string): Answer | undefined {
  const answers = causesOf(error as ClientError).map((one) => (one as { response?: object }).response)
  return answers.find((answer) => answer !== undefined && field in answer) as Answer | undefined
}

function answerError(answer: ClientError, what: string, cause: unknown, access: Access): MillraceError {
  const id = answer.apiId!
  const said = (answer.serverErrorMessage ?? '').replace(/\.$/, '')
  const facts = { kafka: id }
  const rule = answerRules[id]
  const right = missingRight(id, access)
  if (rule?.kind !== 'downstream' && right !== undefined)
    return fatalError('KAFKA_REFUSED', `${what}: ${right}.`, { cause, facts })
  if (rule === undefined)
    return permanentError('KAFKA_REFUSED', `${what}: ${said === '' ? id : `${said} (${id})`}.`, {
      cause,
      facts,
    })
  const named = rule.code === 'KAFKA_AWAY' || rule.code === 'KAFKA_REFUSED' ? ` (${id})` : ''
  return new MillraceError(rule.kind, rule.code, `${what}: ${rule.says}${named}.`, { cause, facts })
}

function badLogin(
  credentials: ClientError,
  all: readonly ClientError[],
  where: string,
  cause: unknown,
): MillraceError {
  const said = all.map((one) => one.serverErrorMessage).find((text) => (text ?? '') !== '')
  const mechanism = all.some((one) => one.apiId === 'UNSUPPORTED_SASL_MECHANISM')
  const problem = mechanism ? 'offers other SASL mechanisms' : 'refuses the credentials'
  const because = said ?? (mechanism ? undefined : credentials.message.replace(/\.$/, ''))
  const remedy = 'check kafka.sasl of the environment'
  const message = `Kafka at ${where} ${problem}${because === undefined ? '' : ` (${because})`}: ${remedy}.`
  return fatalError('KAFKA_REFUSED', message, { cause })
}

function away(all: readonly ClientError[], what: string, where: string, cause: unknown): MillraceError {
  const system = all.find((one) => /^E[A-Z_]+$/.test(one.code ?? ''))
  const timedOut = all.some((one) => /timed out/i.test(one.message))
  const closed = all.some((one) => /closed/i.test(one.message))
  const known = all.some((one) => (one.code ?? '').startsWith('PLT_KFK_'))
  const why =
    system?.code ?? (timedOut ? 'no answer in time' : closed ? 'the connection was closed' : undefined)
  if (why === undefined && !known)
    return permanentError('KAFKA_REFUSED', `${what}: ${sentenceOf(cause).replace(/\.$/, '')}.`, { cause })
  const remedy = 'see that it runs, and kafka.brokers of the environment'
  const reason = why ?? sentenceOf(all.at(-1)).replace(/\.$/, '')
  return downstreamError('KAFKA_AWAY', `Kafka at ${where} does not answer (${reason}): ${remedy}.`, { cause })
}

function isLogin({ code, message }: ClientError): boolean {
  return code === 'PLT_KFK_AUTHENTICATION' || /SASL.*(failed|invalid)/i.test(message)
}

function isCertificate(code: string | undefined): boolean {
  return /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL_TLSV1_ALERT|ERR_SSL_SSLV3_ALERT|ERR_SSL_TLSV13_ALERT)/.test(
    code ?? '',
  )
}

/** The error and everything behind it, outermost first. */
function causesOf(error: ClientError | undefined, depth = 0): ClientError[] {
  if (error === undefined || error === null || depth > 8) return []
  const inner = [...(error.errors ?? []), ...(error.cause === undefined ? [] : [error.cause])]
  return [error, ...inner.flatMap((one) => causesOf(one, depth + 1))]
}
