// Errors of librdkafka and of brokers, and what each of them means to whoever must go on.

/**
 * What to do about an error:
 *
 * - `downstream`: brokers or the way to them are away or busy. It passes; try again for as long as it lasts.
 * - `permanent`: this request or this record will never be accepted.
 * - `lost`: the partition, or the membership in the group, is another one's by now. Do not commit for it.
 * - `fenced`: another client with the same identity (transactional id, instance id) has taken over, or has not let go.
 * - `abortable`: the transaction cannot be committed, but aborted and begun anew.
 * - `unknown`: whether it took effect cannot be told. Ask again with the very same request.
 * - `reset`: the position is not in the log (any more, or not yet). Where to go on must be decided.
 * - `closed`: the client was closed meanwhile; nothing is wrong.
 * - `fatal`: settings, credentials, permissions or an invariant are wrong. Going on would not help.
 */
export type KafkaErrorClass =
  'downstream' | 'permanent' | 'lost' | 'fenced' | 'abortable' | 'unknown' | 'reset' | 'closed' | 'fatal'

/** An error as the addon makes it. */
export interface RawKafkaError extends Error {
  readonly code: string
  readonly number: number
  readonly fatal: boolean
  readonly retriable: boolean
  readonly abortable: boolean
}

/** A failed request, or a failed record. `message` is one sentence; what librdkafka said itself is the `cause`. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  /** librdkafka's name of the error: those of brokers as in Kafka's protocol, its own with a leading underscore. */
  readonly code: string
  /** Kafka's protocol number; negative for librdkafka's own. */
  readonly number: number
  readonly class: KafkaErrorClass

  constructor(code: string, number: number, message: string, errorClass: KafkaErrorClass, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.number = number
    this.class = errorClass
  }
}

/** A setting that is unknown, or whose value is refused. `message` says which, and what is meant perhaps. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

const byClass: Record<Exclude<KafkaErrorClass, 'abortable' | 'unknown'>, readonly string[]> = {
  downstream: [
    '_TRANSPORT _RESOLVE _ALL_BROKERS_DOWN _MSG_TIMED_OUT _TIMED_OUT _TIMED_OUT_QUEUE _QUEUE_FULL _ISR_INSUFF',
    '_NODE_UPDATE _WAIT_COORD _WAIT_CACHE _IN_PROGRESS _PREV_IN_PROGRESS _INTR _PARTIAL _RETRY _UNKNOWN_BROKER _NOOP',
    '_OUTDATED _DESTROY_BROKER LEADER_NOT_AVAILABLE NOT_LEADER_FOR_PARTITION REQUEST_TIMED_OUT BROKER_NOT_AVAILABLE',
    'REPLICA_NOT_AVAILABLE STALE_CTRL_EPOCH NETWORK_EXCEPTION COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE NOT_COORDINATOR NOT_ENOUGH_REPLICAS NOT_ENOUGH_REPLICAS_AFTER_APPEND NOT_CONTROLLER',
    'CONCURRENT_TRANSACTIONS TRANSACTION_COORDINATOR_FENCED KAFKA_STORAGE_ERROR LOG_DIR_NOT_FOUND',
    'REASSIGNMENT_IN_PROGRESS FETCH_SESSION_ID_NOT_FOUND INVALID_FETCH_SESSION_EPOCH LISTENER_NOT_FOUND',
    'FENCED_LEADER_EPOCH UNKNOWN_LEADER_EPOCH STALE_BROKER_EPOCH OFFSET_NOT_AVAILABLE PREFERRED_LEADER_NOT_AVAILABLE',
    'ELIGIBLE_LEADERS_NOT_AVAILABLE UNSTABLE_OFFSET_COMMIT THROTTLING_QUOTA_EXCEEDED REBOOTSTRAP_REQUIRED',
    'INCONSISTENT_VOTER_SET UNKNOWN_TOPIC_ID UNKNOWN_SUBSCRIPTION_ID ELECTION_NOT_NEEDED NO_REASSIGNMENT_IN_PROGRESS',
    'GROUP_MAX_SIZE_REACHED REBALANCE_IN_PROGRESS STALE_MEMBER_EPOCH',
  ],
  permanent: [
    '_BAD_MSG _BAD_COMPRESSION _INVALID_ARG _UNKNOWN_PARTITION _UNKNOWN_TOPIC _KEY_SERIALIZATION',
    '_VALUE_SERIALIZATION _KEY_DESERIALIZATION _VALUE_DESERIALIZATION _NO_OFFSET _NOENT _UNDERFLOW _INVALID_TYPE',
    '_INVALID_DIFFERENT_RECORD _CONFLICT INVALID_MSG UNKNOWN_TOPIC_OR_PART INVALID_MSG_SIZE MSG_SIZE_TOO_LARGE',
    'OFFSET_METADATA_TOO_LARGE TOPIC_EXCEPTION RECORD_LIST_TOO_LARGE INVALID_TIMESTAMP TOPIC_ALREADY_EXISTS',
    'INVALID_PARTITIONS INVALID_REPLICATION_FACTOR INVALID_REPLICA_ASSIGNMENT INVALID_CONFIG INVALID_REQUEST',
    'POLICY_VIOLATION OPERATION_NOT_ATTEMPTED NON_EMPTY_GROUP GROUP_ID_NOT_FOUND TOPIC_DELETION_DISABLED',
    'UNSUPPORTED_COMPRESSION_TYPE GROUP_SUBSCRIBED_TO_TOPIC INVALID_RECORD RESOURCE_NOT_FOUND DUPLICATE_RESOURCE',
    'INVALID_COMMIT_OFFSET_SIZE TELEMETRY_TOO_LARGE UNSUPPORTED_FOR_MESSAGE_FORMAT INVALID_UPDATE_VERSION',
  ],
  lost: ['_ASSIGNMENT_LOST _MAX_POLL_EXCEEDED ILLEGAL_GENERATION UNKNOWN_MEMBER_ID', 'MEMBER_ID_REQUIRED'],
  fenced: [
    '_FENCED INVALID_PRODUCER_EPOCH PRODUCER_FENCED FENCED_INSTANCE_ID FENCED_MEMBER_EPOCH UNRELEASED_INSTANCE_ID',
  ],
  reset: ['_AUTO_OFFSET_RESET _LOG_TRUNCATION OFFSET_OUT_OF_RANGE'],
  closed: ['_DESTROY _PURGE_QUEUE _PURGE_INFLIGHT'],
  fatal: [
    '_FAIL _CRIT_SYS_RESOURCE _FS _SSL _UNKNOWN_GROUP _EXISTING_SUBSCRIPTION _ASSIGN_PARTITIONS _REVOKE_PARTITIONS',
    '_STATE _UNKNOWN_PROTOCOL _NOT_IMPLEMENTED _AUTHENTICATION _UNSUPPORTED_FEATURE _READ_ONLY _FATAL _INCONSISTENT',
    '_GAPLESS_GUARANTEE _NOT_CONFIGURED _APPLICATION UNKNOWN INVALID_REQUIRED_ACKS INCONSISTENT_GROUP_PROTOCOL',
    'INVALID_GROUP_ID INVALID_SESSION_TIMEOUT TOPIC_AUTHORIZATION_FAILED GROUP_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED UNSUPPORTED_SASL_MECHANISM ILLEGAL_SASL_STATE UNSUPPORTED_VERSION',
    'OUT_OF_ORDER_SEQUENCE_NUMBER DUPLICATE_SEQUENCE_NUMBER INVALID_TXN_STATE INVALID_PRODUCER_ID_MAPPING',
    'INVALID_TRANSACTION_TIMEOUT TRANSACTIONAL_ID_AUTHORIZATION_FAILED SECURITY_DISABLED',
    'SASL_AUTHENTICATION_FAILED UNKNOWN_PRODUCER_ID DELEGATION_TOKEN_AUTH_DISABLED DELEGATION_TOKEN_NOT_FOUND',
    'DELEGATION_TOKEN_OWNER_MISMATCH DELEGATION_TOKEN_REQUEST_NOT_ALLOWED DELEGATION_TOKEN_AUTHORIZATION_FAILED',
    'DELEGATION_TOKEN_EXPIRED INVALID_PRINCIPAL_TYPE UNACCEPTABLE_CREDENTIAL FEATURE_UPDATE_FAILED',
    'PRINCIPAL_DESERIALIZATION_FAILURE UNSUPPORTED_ASSIGNOR',
  ],
}

const classes = new Map<string, KafkaErrorClass>(
  Object.entries(byClass).flatMap(([name, lines]) =>
    lines
      .flatMap((line) => line.split(' '))
      .map((code): [string, KafkaErrorClass] => [code, name as KafkaErrorClass]),
  ),
)

/** The class of an error by its name alone; undefined for a name that nobody knows. */
export function classOf(code: string): KafkaErrorClass | undefined {
  return classes.get(code)
}

/**
 * Gives an error of the addon its class. What librdkafka says about this very case goes before the table: an error that
 * is fatal for the client stays so (unless it is fencing), one that wants an abort is abortable. `ambiguous` is the
 * class of a time-out where the request may have taken effect.
 */
export function kafkaError(raw: unknown, ambiguous: 'downstream' | 'unknown' = 'downstream'): KafkaError {
  if (raw instanceof KafkaError) return raw
  const { code, number, message, fatal, retriable, abortable } = raw as RawKafkaError
  const known = classes.get(code) ?? (retriable ? 'downstream' : 'fatal')
  const timedOut =
    code === '_TIMED_OUT' || code === 'REQUEST_TIMED_OUT' || (retriable && known === 'downstream')
  let errorClass: KafkaErrorClass = known
  if (fatal) errorClass = known === 'fenced' ? 'fenced' : 'fatal'
  else if (abortable) errorClass = 'abortable'
  else if (ambiguous === 'unknown' && timedOut) errorClass = 'unknown'
  return new KafkaError(code, number, message, errorClass, raw)
}
