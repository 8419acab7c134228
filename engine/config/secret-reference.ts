import { z } from 'zod'

const secretForm = '^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$'

/** Where a secret is found. It is never in the file itself. */
export function reference(description: string) {
  const expected = 'expected env:NAME (a variable of the environment) or file:PATH'
  return z
    .string()
    .regex(new RegExp(secretForm), expected)
    .meta({ description: `${description}: \`env:NAME\`, or \`file:PATH\`.` })
}

/** Names of fields that hold references to secrets, wherever they are. */
export const secretFields: ReadonlySet<string> = new Set([
  'password',
  'passphrase',
  'key',
  'clientSecret',
  'token',
  'secret',
])
