import { z } from 'zod'
import { defineProcessor, FieldPath, permanentError, SchemaName } from '../engine/component/index.ts'

export const repartition = defineProcessor({
  name: 'repartition',
  summary:
    'Gives records another key, and sends them through a topic of the topology’s own to the tasks that own it.',
  notes: `
Order, state and joins are by the Kafka key, within a partition. To count by customer what is keyed by order, the records
go by their customer first: into the topic \`{topology}.{node}.repartition\`, and out of it again, to the task that has
all records of that customer. Event times and headers stay. Records of a new key keep their order as far as they came
from one partition, and nothing before waited for anything (\`enrich\`, functions that answer by a promise); between
partitions there is none.

Values are written as JSON, or with \`schema\`, which keeps the types that JSON has not (64-bit numbers, bytes). With a
list of schemas each record is written as the type that it has, and has it again behind the topic (\`record.type\`). A record
whose key field is missing or null is parked. With \`delivery: at-least-once\` a record may come out twice after a crash:
put \`dedupe\` behind it, or say \`delivery: exactly-once\`, before anything that counts.

The topic is made with \`partitions\`, or as many as the environment gives to topics; that number stays, since state behind
it belongs to partitions. What is processed is deleted from it about every half minute.
`,

  config: z.strictObject({
    by: z.union([FieldPath, z.array(FieldPath).min(1)]).meta({
      description: 'The field whose text becomes the key; several are joined by "/".',
      examples: ['customerId', ['store', 'customerId']],
    }),
    partitions: z.int().min(1).max(10_000).optional().meta({
      description:
        'Partitions of the topic, when it is made; as many as the environment gives to topics if not given.',
    }),
    schema: z
      .union([SchemaName, z.array(SchemaName).min(1)])
      .optional()
      .meta({
        description:
          'The schema that values are written with, and read as; or several, of which each record has one. JSON if not given.',
        examples: ['shop.OrderPlaced', ['shop.orders.OrderCreated', 'shop.orders.OrderCancelled']],
      }),
  }),

  examples: [{ title: 'Orders by customer', config: { by: 'customerId' } }],

  reads: ({ by }) => [by].flat(),
  through: ({ by, partitions, schema }) => ({ key: by, partitions, schema }),
  create() {
    throw permanentError('PLAN_INVALID', 'A repartition is a topic, and no operator.')
  },
})
