import { z } from 'zod'
import { defineProcessor, mapValue, SecretName } from '../engine/component/index.ts'
import { mask, pseudonym, tail } from './redact/cover.ts'
import { redactor } from './redact/walk.ts'

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
for every field or entry, and \`**.\` at the beginning for any depth, none included. Where a path leads to a record or a
list, all that is in it is treated. An absent field stays absent, null stays null, a tombstone stays one; what no path
leads to is not looked at. Where several paths lead to one value, \`remove\` goes before the others, then the path that
ends nearest to it, then \`mask\` before \`hash\` before \`last\`. The branch of an Avro union
(\`{"shop.Card": { … }}\`) is passed through; one whose name has no dot is named in the path.

**Key, headers, names of fields and texts that hold JSON stay as they are**: do not key records by what is redacted. A
record that fails is parked, and is in its dead letter **as it came in**: who may read letters sees what is redacted here.

What still fits the schema that the record came with:

| treatment | text                    | number, true, false | bytes               | fits the schema                              |
| --------- | ----------------------- | ------------------- | ------------------- | -------------------------------------------- |
| \`mask\`  | \`***\`                  | 0, false            | as many zeros       | yes, but for enums and decimals              |
| \`hash\`  | 43 letters of base64url | likewise            | 32 bytes            | texts, and bytes that are not \`fixed\`       |
| \`last\`  | \`*****1234\`            | likewise            | likewise, of base64 | texts                                        |
| \`remove\` | absent                 | absent              | absent              | fields with a default, or unknown to the sink |

What does not fit is refused where a sink encodes it (AVRO_UNENCODABLE), and parked: it is never written uncovered. A
text no longer than what \`last\` keeps is covered as a whole. \`hash\` is HMAC-SHA-256 under \`key\`: equal values stay
equal, so that they can be joined and counted, and nobody without the key can try values out. Another key makes other
pseudonyms.
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

  inPlace: true,

  create({ mask: masked = [], remove = [], hash = [], last = {}, key }, context) {
    const hashed = key === undefined ? mask : pseudonym(context.secret(key))
    return mapValue(
      redactor([
        ...remove.map((path) => [path, 'remove'] as const),
        ...masked.map((path) => [path, mask] as const),
        ...hash.map((path) => [path, hashed] as const),
        ...Object.entries(last).map(([path, length]) => [path, tail(length)] as const),
      ]),
    )
  },
})
