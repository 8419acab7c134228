import { isIP } from 'node:net'
import { z } from 'zod'
import { ByteSize, Duration } from '../component/fields.ts'
import { reference } from './secret-reference.ts'

/** Where `millrace serve` listens if nobody says. */
export const defaultListen = '127.0.0.1:8480'

const ServerTls = z
  .strictObject({
    certificate: z.string().min(1).meta({
      description:
        'The file with the service’s certificate and those between it and an authority (PEM), or that text itself.',
    }),
    key: reference('The private key of the certificate (PEM)'),
    passphrase: reference('What the private key is encrypted with').optional(),
  })
  .meta({ description: 'Encryption on the way, TLS 1.2 and later.' })

const Limits = z
  .strictObject({
    perSecond: z
      .number()
      .positive()
      .max(100_000)
      .prefault(50)
      .meta({ description: 'How many requests a second one identity may make in the long run.' }),
    burst: z
      .int()
      .min(1)
      .max(100_000)
      .prefault(100)
      .meta({ description: 'How many requests one identity may make at once.' }),
    failedLogins: z.int().min(1).max(100_000).prefault(20).meta({
      description: 'How many logins of one address may fail in a minute; more are not looked at.',
    }),
    body: ByteSize.prefault('1MiB').meta({ description: 'The largest body of a request.' }),
    time: Duration.prefault('30s').meta({
      description: 'How long a request may take to arrive, and how long its answer may take.',
    }),
    connections: z
      .int()
      .min(1)
      .max(100_000)
      .prefault(256)
      .meta({ description: 'The most connections at a time.' }),
  })
  .prefault({})
  .meta({ description: 'What one client may do to the others.' })

const network = 'expected an address such as 10.0.0.7, or a network such as 10.0.0.0/8'

/** The section `http:`. */
export const Http = z
  .strictObject({
    listen: z
      .string()
      .regex(/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/, 'expected HOST:PORT')
      .prefault(defaultListen)
      .meta({ description: 'Where it listens, as `HOST:PORT`.' }),
    tls: ServerTls.optional(),
    proxies: z.array(z.string().refine(isNetwork, network)).max(100).prefault([]).meta({
      description:
        'Addresses or networks of proxies in front of it: `X-Forwarded-For` is believed of them, and they may be where encryption ends.',
    }),
    limits: Limits,
  })
  .meta({ description: 'How `millrace serve` is reached.' })

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

const publicKeyAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const

/** https, or http on this machine: whoever can change the answer decides whose tokens are good. */
const keysAt = /^(https:\/\/[^\s@]+|http:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?(\/\S*)?|file:.+)$/

const Issuer = z
  .strictObject({
    issuer: z.string().min(1).max(400).meta({ description: 'Who issues the tokens: their `iss`.' }),
    audience: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .transform((given) => (typeof given === 'string' ? [given] : given))
      .meta({ description: 'Whom they are for: one of these must be in their `aud`.' }),
    jwks: z
      .string()
      .regex(keysAt, 'expected an https:// address without a user, or file:PATH')
      .optional()
      .meta({ description: 'The issuer’s public keys (RFC 7517): an `https://` address, or `file:PATH`.' }),
    secret: reference('The secret that HS256 tokens are signed with, of at least 32 bytes').optional(),
    algorithms: z
      .array(z.enum(publicKeyAlgorithms))
      .min(1)
      .optional()
      .meta({ description: 'With `jwks`: what they may be signed by. Without it, all three.' }),
    skew: Duration.prefault('30s')
      .refine((ms) => ms <= 300_000, 'more than 5m would let expired tokens in')
      .meta({ description: 'How far clocks may be apart.' }),
  })
  .superRefine((issuer, context) => {
    const wrong = (path: string[], message: string): void =>
      context.addIssue({ code: 'custom', path, message })
    if ((issuer.jwks === undefined) === (issuer.secret === undefined))
      wrong([], 'it needs one of jwks and secret, and not both')
    if (issuer.secret !== undefined && issuer.algorithms !== undefined)
      wrong(['algorithms'], 'what is signed with a secret is HS256: leave it out')
  })

/** The section `access:`. */
export const Access = z
  .strictObject({
    keys: reference(
      'Keys that `millrace keys` made. A file may change while the service runs; a variable holds the text of one',
    ).optional(),
    tokens: z
      .array(Issuer)
      .max(16)
      .prefault([])
      .superRefine((issuers, context) => {
        for (const [index, { issuer }] of issuers.entries()) {
          if (issuers.findIndex((one) => one.issuer === issuer) === index) continue
          context.addIssue({ code: 'custom', path: [index, 'issuer'], message: 'it is named twice' })
        }
      })
      .meta({
        description:
          'JSON web tokens (RFC 7519) are taken of these issuers. Scopes come from `scope` or `scp`.',
      }),
  })
  .superRefine(({ keys, tokens }, context) => {
    if (keys !== undefined || tokens.length > 0) return
    context.addIssue({
      code: 'custom',
      path: [],
      message: 'it needs keys or tokens, or nobody could come in',
    })
  })
  .meta({ description: 'Who is let in by `millrace serve`.' })

/** A file with nothing but these two, for the embedded store. */
export const accessFileSchema = z
  .strictObject({
    $schema: z.string().optional().meta({ description: 'For editors.' }),
    http: Http.optional(),
    access: Access.optional(),
  })
  .meta({
    title: 'An access file of Millrace',
    description: 'How `millrace serve` is reached, and who is let in, where no environment file says that.',
  })
