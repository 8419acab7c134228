import { basename, dirname, extname, join, resolve } from 'node:path'
import type {
  CassandraSettings,
  EnvironmentConfig,
  KafkaSettings,
  RegistrySettings,
  SaslSettings,
  TlsSettings,
} from './environment-config.ts'
import { accessOf, httpOf } from './access.ts'
import { environmentSchema, type EnvironmentFile } from './environment-schema.ts'
import { References } from './environment-secrets.ts'
import { configErrors, distinct, type ConfigProblem } from './problems.ts'
import type { Env } from './substitute.ts'
import { valueProblems } from './value-problems.ts'
import { parseYaml, readYamlFile, type YamlFile } from './yaml-file.ts'

/** Where an environment belongs. */
export interface EnvironmentOptions {
  /** The project's folder, from which `state.dir` starts; the file's own, or the one around `environments/`, if not given. */
  readonly root?: string
}

/**
 * Reads and checks an environment file, and fetches the secrets that it refers to. Rejects with CONFIG_UNREADABLE where
 * there is no such file, and with one CONFIG_INVALID that holds everything that is wrong in it, with its places.
 */
export async function loadEnvironment(
  path: string,
  env: Env,
  options: EnvironmentOptions = {},
): Promise<EnvironmentConfig> {
  return checked(await readYamlFile(path, env), env, options)
}

/** The same for a text that is at hand; `file` is what problems call it. */
export async function readEnvironmentText(
  file: string,
  text: string,
  env: Env,
  options: EnvironmentOptions = {},
): Promise<EnvironmentConfig> {
  return checked(parseYaml(file, text, env), env, options)
}

async function checked(yaml: YamlFile, env: Env, options: EnvironmentOptions): Promise<EnvironmentConfig> {
  if (yaml.broken) throw configErrors(yaml.problems)
  const wrong = mistakes(yaml)
  if (wrong !== undefined) throw configErrors(distinct([...yaml.problems, ...wrong]))
  const parsed = environmentSchema.safeParse(yaml.value)
  const problems = [
    ...yaml.problems,
    ...(parsed.success ? [] : valueProblems(yaml, environmentSchema, 'the environment', parsed.error.issues)),
  ]
  if (!parsed.success) throw configErrors(distinct(problems))
  const references = new References(yaml, env)
  const config = await resolved(yaml, parsed.data, references, options.root ?? rootOf(yaml.file))
  const all = distinct([...problems, ...references.problems])
  if (all.length > 0) throw configErrors(all)
  return config
}

/** What makes every further complaint pointless. */
function mistakes(yaml: YamlFile): ConfigProblem[] | undefined {
  const { file, value } = yaml
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    if (!('sources' in value && 'sinks' in value)) return undefined
    const message = 'This is a topology: an environment names kafka, cassandra and registry.'
    return [{ file, ...yaml.place([]), message }]
  }
  const message =
    value === null
      ? 'The file is empty: an environment needs kafka with its brokers.'
      : 'This is not an environment: a mapping with kafka, cassandra and registry is expected.'
  return [{ file, ...yaml.place([]), message }]
}

async function resolved(
  yaml: YamlFile,
  data: EnvironmentFile,
  references: References,
  root: string,
): Promise<EnvironmentConfig> {
  const name = basename(yaml.file, extname(yaml.file))
  const dir = resolve(root, data.state.dir ?? join('.millrace', name))
  const { cassandra, registry, http, access } = data
  return {
    file: yaml.file,
    name,
    kafka: await kafkaOf(data.kafka, references),
    ...(cassandra && { cassandra: await cassandraOf(cassandra, references) }),
    ...(registry && { registry: await registryOf(registry, references, root, dir) }),
    ...(http && { http: await httpOf(http, references) }),
    ...(access && { access: await accessOf(access, references) }),
    state: { dir },
  }
}

async function kafkaOf(given: EnvironmentFile['kafka'], references: References): Promise<KafkaSettings> {
  const { brokers, topics, instance, protocol, settings } = given
  const tls = await tlsOf(given.tls, ['kafka', 'tls'], references)
  const sasl = given.sasl && (await saslOf(given.sasl, references))
  return {
    brokers,
    protocol,
    settings,
    topics: topicsOf(topics),
    ...(tls && { tls }),
    ...(sasl && { sasl }),
    ...(instance !== undefined && { instance }),
  }
}

/** Without the fields that are not given; what holds for every topic holds for those that no file says more of, too. */
function topicsOf(given: EnvironmentFile['kafka']['topics']): KafkaSettings['topics'] {
  const { partitions, replication, minInsync, replicationAtMost } = given
  const most = replicationAtMost ?? Infinity
  return {
    partitions,
    replication: Math.min(replication, most),
    ...(minInsync !== undefined && { minInsync: Math.min(minInsync, most) }),
    ...(replicationAtMost !== undefined && { replicationAtMost }),
  }
}

async function saslOf(
  sasl: NonNullable<EnvironmentFile['kafka']['sasl']>,
  references: References,
): Promise<SaslSettings> {
  const { mechanism, username = '', tokenEndpoint = '', clientId = '', scope } = sasl
  const secret = mechanism === 'OAUTHBEARER' ? 'clientSecret' : 'password'
  const fetched = await references.secret(sasl[secret], ['kafka', 'sasl', secret])
  // The schema has seen to it that what a mechanism needs is there.
  return mechanism === 'OAUTHBEARER'
    ? { mechanism, tokenEndpoint, clientId, clientSecret: fetched!, ...(scope !== undefined && { scope }) }
    : { mechanism, username, password: fetched! }
}

async function cassandraOf(
  given: NonNullable<EnvironmentFile['cassandra']>,
  references: References,
): Promise<CassandraSettings> {
  const { contactPoints, datacenter, keyspace, consistency, dialect, timeouts } = given
  const { username, replication, inFlight } = given
  const password = await references.secret(given.password, ['cassandra', 'password'])
  const tls = await tlsOf(given.tls, ['cassandra', 'tls'], references)
  return {
    ...{ contactPoints, datacenter, keyspace, consistency, dialect, timeouts },
    ...(username !== undefined && { username }),
    ...(password && { password }),
    ...(tls && { tls }),
    ...(replication && { replication }),
    ...(inFlight !== undefined && { inFlight }),
  }
}

async function registryOf(
  given: NonNullable<EnvironmentFile['registry']>,
  references: References,
  root: string,
  stateDir: string,
): Promise<RegistrySettings> {
  const { url, username, subjects, register, cache } = given
  const password = await references.secret(given.password, ['registry', 'password'])
  const token = await references.secret(given.token, ['registry', 'token'])
  const tls = await tlsOf(given.tls, ['registry', 'tls'], references)
  return {
    url,
    subjects,
    register,
    cache: cache === undefined ? join(stateDir, 'schemas') : resolve(root, cache),
    ...(username !== undefined && { username }),
    ...(password && { password }),
    ...(token && { token }),
    ...(tls && { tls }),
  }
}

async function tlsOf(
  tls: EnvironmentFile['kafka']['tls'],
  path: readonly string[],
  references: References,
): Promise<TlsSettings | undefined> {
  if (tls === undefined || tls === false) return undefined
  if (tls === true) return { verify: true }
  const ca = await references.certificates(tls.ca, [...path, 'ca'])
  const certificate = await references.certificates(tls.certificate, [...path, 'certificate'])
  const key = await references.key(tls.key, [...path, 'key'])
  const passphrase = await references.secret(tls.passphrase, [...path, 'passphrase'])
  return {
    verify: tls.verify,
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { certificate }),
    ...(key && { key }),
    ...(passphrase && { passphrase }),
  }
}

function rootOf(file: string): string {
  const folder = dirname(resolve(file))
  return basename(folder) === 'environments' ? dirname(folder) : folder
}
