// Certificates of one test cluster, made with openssl and thrown away with it.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './command.ts'

/** Paths of PEM files. Keys are PKCS #8, P-256, without password. */
export interface TlsFiles {
  /** The authority that signed the others: what a client trusts. */
  ca: string
  /** A client's certificate (CN=client) and its key. */
  clientCert: string
  clientKey: string
  /** A client's certificate that ran out in 2020, with the same key. */
  expiredClientCert: string
  /** An authority that signed nothing here. */
  strangerCa: string
  /** Key and certificate of the brokers, for localhost and 127.0.0.1. */
  brokerPem: string
  /** The same, run out in 2020. */
  expiredBrokerPem: string
}

const config = (folder: string) => `
[ca]
default_ca = kit
[kit]
database = ${join(folder, 'index.txt')}
new_certs_dir = ${folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = none
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
[broker]
subjectAltName = DNS:localhost,IP:127.0.0.1
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
`

const past = ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z']
const present = ['-days', '7']

/** Makes an authority, and signs for brokers and a client, in time and out of it. */
export async function makeTls(folder: string): Promise<TlsFiles> {
  await mkdir(folder, { recursive: true })
  const file = (name: string) => join(folder, name)
  await writeFile(file('openssl.cnf'), config(folder))
  await writeFile(file('index.txt'), '')
  await Promise.all([makeAuthority(file, 'ca'), makeAuthority(file, 'stranger-ca')])
  await Promise.all([makeRequest(file, 'broker', 'localhost'), makeRequest(file, 'client', 'client')])

  // One after the other: they share the authority's database.
  await sign(file, 'broker', 'broker', present)
  await sign(file, 'broker', 'broker-expired', past)
  await sign(file, 'client', 'client', present)
  await sign(file, 'client', 'client-expired', past)
  await bundle(file, 'broker')
  await bundle(file, 'broker-expired')
  return {
    ca: file('ca.crt'),
    clientCert: file('client.crt'),
    clientKey: file('client.key'),
    expiredClientCert: file('client-expired.crt'),
    strangerCa: file('stranger-ca.crt'),
    brokerPem: file('broker.pem'),
    expiredBrokerPem: file('broker-expired.pem'),
  }
}

type InFolder = (name: string) => string

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

async function makeAuthority(file: InFolder, name: string): Promise<void> {
  const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)]
  const subject = ['-subj', `/CN=millrace test ${name}`, '-days', '7', '-extensions', 'authority']
  await command('openssl', ['req', '-x509', '-config', file('openssl.cnf'), ...newKey, ...out, ...subject])
}

async function makeRequest(file: InFolder, name: string, commonName: string): Promise<void> {
  const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)]
  await command('openssl', [
    'req',
    '-config',
    file('openssl.cnf'),
    ...newKey,
    ...out,
    '-subj',
    `/CN=${commonName}`,
  ])
}

async function sign(file: InFolder, who: 'broker' | 'client', name: string, dates: string[]): Promise<void> {
  const by = ['-config', file('openssl.cnf'), '-cert', file('ca.crt'), '-keyfile', file('ca.key')]
  const what = ['-extensions', who, '-in', file(`${who}.csr`), '-out', file(`${name}.crt`)]
  await command('openssl', ['ca', '-batch', '-notext', ...by, ...what, ...dates])
}

/** A keystore of Kafka's PEM kind: key, then chain. */
async function bundle(file: InFolder, name: 'broker' | 'broker-expired'): Promise<void> {
  const parts = ['broker.key', `${name}.crt`, 'ca.crt'].map((part) => readFile(file(part), 'utf8'))
  await writeFile(file(`${name}.pem`), (await Promise.all(parts)).join(''), { mode: 0o600 })
}
