import { Condition, Duration, FieldPath, z } from '../../engine/component/index.ts'

const may = <Schema extends z.ZodType>(schema: Schema, description: string, ...examples: z.input<Schema>[]) =>
  schema.optional().meta({ description, ...(examples.length > 0 && { examples }) })

/** The settings of timers in a topology. */
export const config = z
  .strictObject({
    after: may(Duration, 'A timer is due so long after the event time of the record that sets it.', '30m'),
    at: may(
      FieldPath,
      'Or: the field of the record that says when. Null: the timer goes away.',
      'data.dueAt',
    ),
    every: may(
      Duration.refine((ms) => ms >= 1, 'expected at least 1ms'),
      'The timer is due again so long after each time, until it is taken away or was due `most` times.',
      '1d',
    ),
    most: may(z.int().min(1).max(1_000_000), 'With `every`: how often the timer is due in all.', 3),
    start: may(Condition, 'Which records set a timer. Without it: all that do not take one away.', {
      field: 'type',
      equals: 'OrderPlaced',
    }),
    cancel: may(Condition, 'Which records take their timer away.', {
      field: 'type',
      oneOf: ['OrderPaid', 'OrderCancelled'],
    }),
    id: may(
      FieldPath,
      'The field that tells the timers of a key apart. Without it each key has one timer.',
      'orderId',
    ),
    keep: z.enum(['first', 'last']).prefault('last').meta({
      description:
        'A record that sets a timer which is set already: `last` sets it anew, `first` leaves it as it is.',
    }),
    clock: z.enum(['event', 'wall']).prefault('event').meta({
      description:
        '`event`: time is what the records say. `wall`: it is that of the clock, as soon as all that there is has been read.',
    }),
    grace: Duration.prefault('0s').meta({
      description:
        'How long after it is due, in that time, a timer still waits for records that take it away.',
    }),
    idle: may(
      Duration,
      'With `clock: event`: without any record for so long, time goes on with the clock. If not given, it waits for records.',
      '1m',
    ),
    as: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, 'expected the name of a field')
      .optional()
      .meta({
        description: 'A field that gets the time at which it was due, milliseconds since 1970.',
        examples: ['dueAt'],
      }),
  })
  .superRefine(({ after, at, every, most, clock, idle }, context) => {
    const wrong = (message: string, path: string[] = []): void =>
      context.addIssue({ code: 'custom', message, path })
    if ((after === undefined) === (at === undefined)) wrong('expected either after or at')
    if (every !== undefined && most === undefined)
      wrong(
        'every needs most: how often a timer is due, or what is never taken away would be sent for ever',
        ['every'],
      )
    if (every === undefined && most !== undefined)
      wrong('most is for every: without it a timer is due once', ['most'])
    if (clock === 'wall' && idle !== undefined)
      wrong('idle is for clock: event; the clock goes on by itself', ['idle'])
  })
