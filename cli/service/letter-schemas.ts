import { z } from 'zod'

const topology = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'expected the name of a topology')
  .meta({ description: 'The topology that has parked them: its consumer group.' })

const topic = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,249}$/, 'expected the name of a topic')
  .meta({ description: 'The topic that the records come from.' })

const place = z
  .string()
  .regex(/^\d{1,9}@\d{1,15}$/, 'expected PARTITION@OFFSET')
  .meta({ description: 'Where the letter is in its parked topic: `PARTITION@OFFSET`.' })

const key = z.string().min(1).max(100_000).meta({
  description: 'The key, as it is listed: as text, or as 0x and hexadecimal digits where it is no text.',
})

const time = z.iso
  .datetime({ offset: true, error: 'expected a time such as 2026-11-01T00:00:00Z' })
  .transform((text) => Date.parse(text))

const word = (description: string) => z.string().min(1).max(200).optional().meta({ description })

const filter = {
  topology: topology.optional(),
  topic: topic.optional(),
  key: key.optional(),
  node: word('The node at which it failed.'),
  class: word('The class of its error: `record` or `permanent`.'),
  code: word('The code of its error.'),
  type: word('The full name of the record’s schema.'),
  since: time.optional().meta({ description: 'First failed at that time or later.' }),
  until: time.optional().meta({ description: 'First failed before that time.' }),
  text: word('A part of the error or of the key, in any case.'),
}

export const KeysQuery = z.strictObject({
  ...filter,
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .prefault(100)
    .meta({ description: 'How many keys at most.' }),
  after: word('Where the last page ended: its `more`.'),
})

export const StatsQuery = z.strictObject(filter)

const counts = { open: z.int(), released: z.int(), discarded: z.int() }

const halted = z
  .array(
    z.object({
      ...{ topology: z.string(), topic: z.string(), partition: z.int() },
      why: z.enum(['parking', 'record']).meta({
        description: '`parking`: as much is parked as may be. `record`: one failed under `then: halt`.',
      }),
      since: z.string(),
      sentence: z.string().meta({ description: 'What is in the way, and what to do.' }),
    }),
  )
  .meta({ description: 'Partitions from which nothing more is taken, by what their workers said last.' })

export const StatsAnswer = z.object({
  total: z.object(counts),
  groups: z
    .array(
      z.object({
        ...{ topology: z.string(), topic: z.string(), node: z.string(), class: z.string(), code: z.string() },
        type: z.string().nullable(),
        ...counts,
        followers: z.int().meta({ description: 'Those that did not fail themselves.' }),
        oldestOpen: z.string().nullable(),
      }),
    )
    .meta({ description: 'The most open ones first.' }),
  days: z
    .array(z.object({ day: z.string(), ...counts }))
    .meta({ description: 'By the day of parking, UTC.' }),
  halted,
})

export const KeysAnswer = z.object({
  keys: z.array(
    z.object({
      topology: z.string(),
      topic: z.string(),
      partition: z.int(),
      key: z.string().nullable().meta({ description: 'Null for a record without key, which stands alone.' }),
      openLetters: z.int(),
      firstLetter: z.string().meta({ description: 'The place of its first letter.' }),
      firstFailure: z.string(),
      node: z.string(),
      class: z.string(),
      code: z.string(),
      type: z.string().nullable(),
      error: z.string(),
      requested: z.string().nullable().meta({
        description: 'What was asked for, and is not carried out by the worker yet.',
      }),
    }),
  ),
  more: z.string().nullable().meta({ description: 'For `after`, to get the next page; null at the end.' }),
  halted,
})

export const TopicsAnswer = z.object({
  topics: z.array(z.object({ topology: z.string(), topic: z.string(), partitions: z.int() })),
})

export const LetterPath = z.strictObject({ topology, topic, place })

export const LetterAnswer = z.looseObject({
  place: z.string(),
  state: z.string().meta({ description: '`open`, `closed`, or what is asked for.' }),
  topology: z.string(),
  record: z.string().meta({ description: 'Where the record was read: `topic/PARTITION@OFFSET`.' }),
  key: z.string().nullable(),
  node: z.string(),
  class: z.string(),
  code: z.string(),
  error: z.string(),
  format: z.string().meta({ description: 'What the value is, such as `avro shop.Order` or `json`.' }),
  value: z.unknown().meta({ description: 'The record’s value, decoded with the schema that wrote it.' }),
})

const dryRun = z.boolean().prefault(false).meta({ description: 'Say what would be done, and do nothing.' })

const rate = z.int().min(1).max(1_000_000).optional().meta({ description: 'Letters a second, at most.' })

const reason = z
  .string()
  .trim()
  .min(1, 'expected why')
  .max(2000)
  .meta({ description: 'Why, kept with the command and in the audit.' })

const all = z.literal(true).optional().meta({ description: 'Every key of the topic.' })

export const ReleaseBody = z
  .strictObject({
    ...{ topology, topic: topic.optional(), key: key.optional(), place: place.optional(), all, rate, dryRun },
  })
  .refine((body) => [body.key, body.place, body.all].filter((one) => one !== undefined).length === 1, {
    error: 'it needs one of key, place and all',
  })

export const DiscardBody = z
  .strictObject({
    ...{ topology, topic: topic.optional(), key: key.optional(), place: place.optional(), reason, dryRun },
  })
  .refine((body) => (body.key === undefined) !== (body.place === undefined), {
    error: 'it needs one of key and place',
  })

export const ReplayBody = z.strictObject({
  ...filter,
  topology,
  place: place.optional(),
  to: topic.optional().meta({
    description:
      'The topic that gets them, the source topic if not given. Another one wants the scope for all topologies.',
  }),
  again: z.boolean().prefault(false).meta({
    description: 'Also those that were released before: for topologies without dedupe.',
  }),
  most: z.int().min(1).optional().meta({ description: 'So many at most.' }),
  after: place
    .optional()
    .meta({ description: 'Goes on behind this place: `last` of a replay that was stopped.' }),
  rate,
  dryRun,
})

export const EditBody = z.strictObject({
  ...{ topology, topic: topic.optional(), place },
  value: z.unknown().meta({
    description: 'What takes the place of the value: JSON, which its schema must take; null is a tombstone.',
  }),
  reason: reason.optional(),
  dryRun,
})

export const ActState = z.object({
  id: z.string().meta({ description: 'The act in `millrace.acts`.' }),
  act: z.string(),
  topology: z.string(),
  topic: z.string(),
  letters: z.int().meta({ description: 'How many letters it is about.' }),
  done: z.int().meta({ description: 'How many of them it was done to so far.' }),
  state: z.enum(['running', 'done', 'stopped', 'failed']),
  last: z.string().nullable().meta({ description: 'Of a replay that was stopped: where to go on.' }),
  error: z.string().nullable(),
})

export const ActAnswer = z.object({
  id: z.string().nullable().meta({ description: 'The act in `millrace.acts`; null for a dry run.' }),
  act: z.string(),
  topology: z.string(),
  topic: z.string(),
  keys: z.int().optional().meta({ description: 'How many keys it is about.' }),
  letters: z.int().meta({ description: 'How many letters it is about.' }),
  left: z.object({ open: z.int(), released: z.int() }).optional().meta({
    description: 'Of a replay: letters that are meant and left out, since they are open, or were released.',
  }),
  to: z.string().optional().meta({ description: 'Of a replay: the topic that gets them.' }),
  dryRun: z.boolean(),
  state: z.enum(['running', 'done', 'stopped', 'failed']).nullable().meta({
    description: 'How far it is; one that is running goes on. Null where nothing was begun.',
  }),
})

export const ActPath = z.strictObject({ id: z.uuid().meta({ description: 'The act’s id.' }) })
