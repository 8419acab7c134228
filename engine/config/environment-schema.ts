import { z } from 'zod'
import { Duration } from '../component/fields.ts'
import { Access, Http } from './access-schema.ts'
import { reference } from './secret-reference.ts'

const host = String.raw`(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?)`
const withPort = String.raw`${host}:\d{1,5}`
const list = (one: string): RegExp => new RegExp(`^${one}(\\s*,\\s*${one})*$`)

/** A list of addresses; one text with commas does as well, for what comes from a variable. */
function addresses(one: string, expected: string) {
  return z
    .union([
      z.string().regex(list(one), expected),
      z.array(z.string().regex(new RegExp(`^${one}$`), expected)).min(1),
    ])
    .transform((given) => (typeof given === 'string' ? given.split(',').map((text) => text.trim()) : given))
}

const TlsFields = z.strictObject({
  ca: z.string().min(1).optional().meta({
    description:
      'The file with the certificates (PEM) of the authorities that are trusted, or that text itself. Without it the system’s.',
  }),
  certificate: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The file with the client’s own certificate (PEM), or that text itself.' }),
  key: reference('The private key of the certificate (PEM)').optional(),
  passphrase: reference('What the private key is encrypted with').optional(),
  verify: z.boolean().prefault(true).meta({
    description:
      'Whether the server’s certificate and name are checked. `false` lets anybody read along: for trials alone.',
  }),
})

const Tls = z
  .union([z.boolean(), TlsFields])
  .superRefine((tls, context) => {
    if (typeof tls === 'boolean') return
    const missing = (field: string, other: string): void =>
      context.addIssue({ code: 'custom', path: [other], message: `a ${other} needs its ${field} beside it` })
    if (tls.certificate !== undefined && tls.key === undefined) missing('key', 'certificate')
    if (tls.key !== undefined && tls.certificate === undefined) missing('certificate', 'key')
    if (tls.passphrase !== undefined && tls.key === undefined) missing('key', 'passphrase')
  })
  .meta({ description: 'Encryption on the way. `true` trusts the authorities that the system trusts.' })

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const
const byPassword = ['username', 'password'] as const
const byToken = ['tokenEndpoint', 'clientId', 'clientSecret'] as const

const Url = z
  .string()
  .regex(/^https?:\/\/[^\s/?#@,]+[^\s@,]*$/, 'expected an address such as https://host:port, without a user')

const Sasl = z
  .strictObject({
    mechanism: z.enum(mechanisms).meta({ description: 'How Kafka’s listener wants clients to log in.' }),
    username: z.string().min(1).optional().meta({ description: 'PLAIN and SCRAM: who logs in.' }),
    password: reference('PLAIN and SCRAM: the password').optional(),
    tokenEndpoint: Url.optional().meta({
      description: 'OAUTHBEARER: where tokens are had (client credentials, RFC 6749 §4.4).',
    }),
    clientId: z.string().min(1).optional().meta({ description: 'OAUTHBEARER: who asks for tokens.' }),
    clientSecret: reference('OAUTHBEARER: its secret').optional(),
    scope: z.string().min(1).optional().meta({ description: 'OAUTHBEARER: what is asked for.' }),
  })
  .superRefine((sasl, context) => {
    const token = sasl.mechanism === 'OAUTHBEARER'
    for (const field of token ? byToken : byPassword) {
      if (sasl[field] !== undefined) continue
      context.addIssue({ code: 'custom', path: [], message: `${sasl.mechanism} needs the field "${field}"` })
    }
    for (const field of token ? byPassword : ([...byToken, 'scope'] as const)) {
      if (sasl[field] === undefined) continue
      context.addIssue({ code: 'custom', path: [field], message: `${sasl.mechanism} has no use for it` })
    }
  })
  .meta({ description: 'How clients log in.' })

const Topics = z
  .strictObject({
    partitions: z.int().min(1).max(10_000).prefault(6).meta({ description: 'How many partitions.' }),
    replication: z.int().min(1).max(32).prefault(3).meta({
      description: 'On how many brokers each partition is kept. A single broker takes 1.',
    }),
    replicationAtMost: z.int().min(1).max(32).optional().meta({
      description:
        'No topic is kept on more brokers, whatever the catalogue says: for clusters that have fewer, such as a single broker.',
    }),
    minInsync: z.int().min(1).max(32).optional().meta({
      description: '`min.insync.replicas`: how many brokers must have a record before it counts as written.',
    }),
  })
  .superRefine(({ replication, minInsync }, context) => {
    if (minInsync === undefined || minInsync <= replication) return
    const message = `more than the ${replication} that there are could never be in sync`
    context.addIssue({ code: 'custom', path: ['minInsync'], message })
  })
  .prefault({})
  .meta({ description: 'How topics are made where the catalogue says nothing else.' })

/** What has fields of its own in the file, by librdkafka’s name. */
const elsewhere: readonly (readonly [RegExp, string])[] = [
  [/^(bootstrap\.servers|metadata\.broker\.list)$/, 'kafka.brokers'],
  [/^(ssl[._]|enable\.ssl\.|security\.protocol$)/, 'kafka.tls'],
  [/^(sasl\.|enable\.sasl\.)/, 'kafka.sasl'],
  [/^group\.instance\.id$/, 'kafka.instance'],
  [/^group\.protocol$/, 'kafka.protocol'],
]

const Settings = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .superRefine((settings, context) => {
    for (const name of Object.keys(settings)) {
      const field = elsewhere.find(([pattern]) => pattern.test(name))?.[1]
      if (field === undefined) continue
      context.addIssue({ code: 'custom', path: [name], message: `${field} says that: leave it out here` })
    }
  })
  .prefault({})
  .meta({
    description:
      'Settings of librdkafka, for reading and writing: [its list](https://github.com/confluentinc/librdkafka/blob/v2.12.0/CONFIGURATION.md).',
  })

const Kafka = z
  .strictObject({
    brokers: addresses(withPort, 'expected host:port').meta({
      description: 'Some of the brokers, as `host:port`: a list, or one text with commas.',
      examples: [['localhost:9092']],
    }),
    tls: Tls.optional(),
    sasl: Sasl.optional(),
    topics: Topics,
    instance: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,200}$/, 'expected a name: letters, digits, ".", "_" and "-", at most 200')
      .optional()
      .meta({
        description:
          '`group.instance.id`, one for each worker: who comes back under the same name in time gets its partitions back without a rebalance.',
      }),
    protocol: z.enum(['auto', 'consumer', 'classic']).prefault('auto').meta({
      description:
        'Of consumer groups: `consumer` (KIP-848), `classic`, or `auto`: the first where the brokers have it.',
    }),
    settings: Settings,
  })
  .meta({ description: 'Where Kafka is.' })

const time = (given: string, description: string) => Duration.prefault(given).meta({ description })

const Cassandra = z
  .strictObject({
    contactPoints: addresses(`${host}(:\\d{1,5})?`, 'expected host or host:port').meta({
      description: 'Some of the nodes, as `host` or `host:port`: a list, or one text with commas.',
      examples: [['localhost:9042']],
    }),
    datacenter: z.string().min(1).meta({ description: 'The data center that this worker is in.' }),
    keyspace: z
      .string()
      .regex(
        /^(?=[a-z])[a-z0-9_]{1,48}$/,
        'expected a keyspace: lower-case letters, digits and "_", at most 48 of them',
      )
      .meta({ description: 'The keyspace with the tables.' }),
    username: z.string().min(1).optional().meta({ description: 'Who logs in.' }),
    password: reference('The password').optional(),
    tls: Tls.optional(),
    consistency: z
      .enum(['LOCAL_QUORUM', 'LOCAL_ONE', 'QUORUM', 'ONE'])
      .prefault('LOCAL_QUORUM')
      .meta({ description: 'How many replicas must answer.' }),
    dialect: z.enum(['auto', 'cassandra', 'scylla']).prefault('auto').meta({
      description: 'Which of the two it is, where they differ; `auto` asks it.',
    }),
    replication: z
      .record(z.string(), z.union([z.int().min(1), z.string()]))
      .optional()
      .meta({
        description:
          'The replication of the keyspace, for `millrace cql apply` to make it: `{ class: NetworkTopologyStrategy, dc1: 3 }`.',
      }),
    timeouts: z
      .strictObject({
        read: time('5s', 'For an answer to a read.'),
        write: time('5s', 'For an answer to a write.'),
        connect: time('5s', 'For a connection.'),
      })
      .prefault({})
      .meta({ description: 'How long to wait.' }),
    inFlight: z.int().min(1).max(32_768).optional().meta({
      description: 'The most requests under way. Without it, as many as the nodes answer well.',
    }),
  })
  .superRefine(bothOrNone)
  .meta({ description: 'Where Cassandra or ScyllaDB is; needed by topologies with tables.' })

const Registry = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^https?:\/\/[^\s/?#@,]+[^\s@,]*(\s*,\s*https?:\/\/[^\s/?#@,]+[^\s@,]*)*$/,
        'expected an address such as https://host:port, without a user; several with commas between',
      )
      .meta({
        description: 'The Confluent API of the registry; several addresses with commas between.',
        examples: ['http://localhost:8081/apis/ccompat/v7'],
      }),
    username: z.string().min(1).optional().meta({ description: 'Who logs in (HTTP Basic).' }),
    password: reference('The password').optional(),
    token: reference('A bearer token, instead of user and password').optional(),
    tls: Tls.optional(),
    subjects: z.enum(['record', 'topic']).prefault('record').meta({
      description:
        'How subjects are named: `record` is `{topic}-{record full name}`, `topic` is `{topic}-value`.',
    }),
    register: z.boolean().prefault(false).meta({
      description: 'Whether producing registers schemas that the registry does not have yet.',
    }),
    cache: z.string().min(1).optional().meta({
      description: 'Where schemas are kept for when the registry is away (default: beside the state).',
    }),
  })
  .superRefine((registry, context) => {
    bothOrNone(registry, context)
    if (registry.token === undefined || registry.username === undefined) return
    context.addIssue({ code: 'custom', path: ['token'], message: 'a user is given too: keep one of them' })
  })
  .meta({ description: 'Where the schema registry is. Without it, schemas come from `schemas/`.' })

function bothOrNone(
  given: { readonly username?: string | undefined; readonly password?: string | undefined },
  context: z.RefinementCtx,
): void {
  if ((given.username === undefined) === (given.password === undefined)) return
  const [there, other] = given.username === undefined ? ['password', 'username'] : ['username', 'password']
  context.addIssue({ code: 'custom', path: [there], message: `it needs the ${other} beside it` })
}

/** An environment file as it is written: secrets and files are still references. */
export const environmentSchema = z
  .strictObject({
    $schema: z.string().optional().meta({ description: 'For editors.' }),
    kafka: Kafka,
    cassandra: Cassandra.optional(),
    registry: Registry.optional(),
    http: Http.optional(),
    access: Access.optional(),
    state: z
      .strictObject({
        dir: z.string().min(1).optional().meta({
          description:
            'Where workers keep what they can get again: checkpoints, schemas (default: `.millrace/NAME` of the project). On a disk of its own where that is fast.',
        }),
      })
      .prefault({})
      .meta({ description: 'What workers keep on their own disk.' }),
  })
  .meta({
    title: 'An environment of Millrace',
    description: 'Where the parts of a cluster are, and how to get in.',
  })

/** An environment file as its schema gives it. */
export type EnvironmentFile = z.output<typeof environmentSchema>
