import { z } from 'zod'
import {
  defineProcessor,
  fatalError,
  keyedHash,
  mapValue,
  type Secret,
  SecretName,
} from '../engine/component/index.ts'

type Fields = Record<string, unknown>
/** Answers what stands in place of a value. */
type Cover = (value: unknown) => unknown
type Treatment = Cover | 'remove'

/** Shorter keys could be found by trying. */
const leastKey = 16

const PathPattern = z
  .string()
  .regex(
    /^(\*\*\.)?([A-Za-z_]\w*|\*)(\.([A-Za-z_]\w*|\*))*$/,
    'expected a path such as user.email, addresses.*.street or **.email',
  )

const paths = (description: string, example: string[]) =>
  z
    .array(PathPattern)
    .min(1)
    .optional()
    .meta({ description, examples: [example] })

const config = z
  .strictObject({
    mask: paths('Fields whose value is covered: `***` for a text, 0 for a number, zeros for bytes.', [
      'user.name',
    ]),
    remove: paths('Fields that go.', ['**.password']),
    hash: paths('Fields that become a pseudonym: the same for the same value, as long as the `key` stays.', [
      'user.email',
    ]),
    key: SecretName.optional().meta({
      description: 'The secret key of `hash`: a variable of the environment, with 16 bytes or more.',
    }),
    last: z
      .record(PathPattern, z.int().min(1).max(16))
      .optional()
      .meta({
        description: 'Field: how many characters stay at its end; every other becomes `*`.',
        examples: [{ 'cards.number': 4 }],
      }),
  })
  .superRefine((given, context) => {
    const complain = (message: string, path: string[] = []) =>
      context.addIssue({ code: 'custom', path, message })
    const { mask, remove, hash, last, key } = given
    const asked = [mask, remove, hash, last].filter((one) => one !== undefined)
    if (asked.length === 0) complain('expected at least one of mask, remove, hash, last')
    if (given.hash !== undefined && key === undefined)
      complain('expected a key beside hash, such as env:REDACT_KEY')
    if (given.hash === undefined && key !== undefined) complain('expected only beside hash', ['key'])
    const all = [given.mask, given.remove, given.hash, Object.keys(given.last ?? {})].flatMap(
      (one) => one ?? [],
    )
    const twice = all.find((path, n) => all.indexOf(path) !== n)
    if (twice !== undefined) complain(`expected one treatment for each path, and ${twice} has two`)
  })

export const redact = defineProcessor({
  name: 'redact',
  summary: 'Covers, removes or replaces personal data in the value, by paths with wildcards.',
  notes: `
A path leads through records by names, through lists by itself (\`items.card\` is the card of every item), \`*\` stands
for every field or entry, and \`**.\` at the beginning for any depth. Where a path leads to a record or a list, all that
is in it is treated. An absent field stays absent, null stays null, a tombstone stays one; what no path leads to is not
looked at. **Key, headers and texts that hold JSON stay as they are**: do not key records by what is redacted.

What still fits the schema that the record came with:

| treatment | text                     | number        | bytes             | true, false | time | fits the schema                       |
| --------- | ------------------------ | ------------- | ----------------- | ----------- | ---- | ------------------------------------- |
| \`mask\`  | \`***\`                  | 0             | as many zeros     | false       | 1970 | yes, but for enums                    |
| \`hash\`  | 43 letters of base64url  | likewise      | 32 bytes          | likewise    | likewise | texts and bytes (not \`fixed\`, enums) |
| \`last\`  | \`*****1234\`            | likewise      | likewise          | likewise    | likewise | texts                                 |
| \`remove\` | absent                  | absent        | absent            | absent      | absent | fields with a default, or not in the schema |

What does not fit is refused where a sink encodes it (AVRO_UNENCODABLE), and parked: it is never written uncovered. A
text no longer than what \`last\` keeps is covered as a whole. \`hash\` is HMAC-SHA-256 under \`key\`: equal values stay
equal, so that they can be joined and counted, and nobody without the key can try values out.
`,
  config,

  examples: [
    {
      title: 'A customer without a face',
      config: { mask: ['name'], remove: ['**.password'], last: { 'cards.number': 4 } },
      input: [
        {
          id: 'c1',
          name: 'Ada',
          login: { password: 'x', user: 'ada' },
          cards: [{ number: '4111111111111111' }, { number: null }],
        },
      ],
      output: [
        {
          id: 'c1',
          name: '***',
          login: { user: 'ada' },
          cards: [{ number: '************1111' }, { number: null }],
        },
      ],
    },
    {
      title: 'Everything about a person',
      config: { mask: ['person'] },
      input: [{ id: 1, person: { name: 'Ada', born: 1815, tags: ['a'] } }],
      output: [{ id: 1, person: { name: '***', born: 0, tags: ['***'] } }],
    },
  ],

  reads: ({ mask = [], remove = [], hash = [], last = {} }) =>
    [...mask, ...remove, ...hash, ...Object.keys(last)].filter((path) => !path.includes('*')),

  create({ mask = [], remove = [], hash = [], last = {}, key }, context) {
    const pseudonym = key === undefined ? masked : hashing(context.secret(key))
    const steps: [string, Treatment][] = [
      ...mask.map((path): [string, Treatment] => [path, masked]),
      ...Object.entries(last).map(([path, length]): [string, Treatment] => [
        path,
        (value) => tail(value, length),
      ]),
      ...remove.map((path): [string, Treatment] => [path, 'remove']),
      ...hash.map((path): [string, Treatment] => [path, pseudonym]),
    ]
    const parsed = steps.map(([path, cover]) => ({ path: path.split('.'), cover }))
    return mapValue((value) => parsed.reduce((at, { path, cover }) => treated(at, path, cover), value))
  },
})

/** A copy in which what the path leads to is treated; the value itself where the path leads nowhere. */
function treated(value: unknown, path: readonly string[], cover: Treatment): unknown {
  const [name, ...rest] = path
  if (name === undefined) return everywhere(value, cover as Cover)
  if (Array.isArray(value)) return value.map((one: unknown) => treated(one, path, cover))
  if (!isFields(value)) return value
  const copy: Fields = { ...value }
  if (name === '**') {
    for (const field of Object.keys(copy)) copy[field] = treated(copy[field], path, cover)
    return treated(copy, rest, cover)
  }
  for (const field of name === '*' ? Object.keys(copy) : [name]) {
    if (!Object.hasOwn(copy, field)) continue
    if (rest.length === 0 && cover === 'remove') delete copy[field]
    else copy[field] = treated(copy[field], rest, cover)
  }
  return copy
}

/** Every leaf of a value. */
function everywhere(value: unknown, cover: Cover): unknown {
  if (value === null || value === undefined) return value
  if (Array.isArray(value)) return value.map((one: unknown) => everywhere(one, cover))
  if (!isFields(value)) return cover(value)
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, everywhere(one, cover)]))
}

function isFields(value: unknown): value is Fields {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Date)
  )
}

/** Of the same kind as the value, so that its schema still holds. */
function masked(value: unknown): unknown {
  if (typeof value === 'number') return 0
  if (typeof value === 'bigint') return 0n
  if (typeof value === 'boolean') return false
  if (value instanceof Uint8Array) return Buffer.alloc(value.length)
  if (value instanceof Date) return new Date(0)
  return '***'
}

function tail(value: unknown, length: number): string {
  // By characters as people see them: half of a surrogate pair is none.
  const characters = [...textOf(value)]
  if (characters.length <= length) return '*'.repeat(characters.length)
  return '*'.repeat(characters.length - length) + characters.slice(-length).join('')
}

function hashing(key: Secret): Cover {
  if (Buffer.byteLength(key.reveal()) < leastKey)
    throw fatalError(
      'CONFIG_INVALID',
      `The key of a redact has fewer than ${leastKey} bytes: take a longer one.`,
    )
  const hash = keyedHash(key)
  return (value) => (value instanceof Uint8Array ? hash(value) : hash(textOf(value)).toString('base64url'))
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value instanceof Date ? value.toISOString() : String(value)
}
