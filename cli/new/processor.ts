/** A processor, a topology to try it in, and that one's cases, side by side in `processors/`. */
export function processorFiles(name: string): Readonly<Record<string, string>> {
  return {
    [`processors/${name}.ts`]: processor(name),
    [`processors/${name}.yaml`]: trial(name),
    [`processors/${name}.test.yaml`]: cases(name),
  }
}

const processor = (
  name: string,
): string => `// The processor "${name}". A topology in topologies/ uses it as { type: ../processors/${name}.ts, from: …, large: 100 }.
import { defineProcessor, FieldPath, mapValue, valueAt, z } from 'millrace'

export default defineProcessor({
  name: '${name}',
  summary: 'Says of each record whether its amount is small or large.',

  // The fields of the node in a topology: a wrong one is found before anything runs, with its line and column.
  config: z.strictObject({
    field: FieldPath.prefault('amount').meta({ description: 'The field that is looked at.' }),
    large: z.number().meta({ description: 'From here on an amount is large.' }),
  }),

  examples: [
    {
      title: 'Large from 100 on',
      config: { large: 100 },
      input: [{ amount: 5 }, { amount: 100 }],
      output: [
        { amount: 5, size: 'small' },
        { amount: 100, size: 'large' },
      ],
    },
  ],

  // What it reads of a value: lint says where the schema has no such field.
  reads: ({ field }) => [field],

  // Called once for each partition. The function below is called for each record, and again for a record that comes in
  // again after a crash: it answers the same then, and changes nothing outside. What it throws is tried again, then parked.
  create({ field, large }) {
    const path = field.split('.')
    return mapValue((value: object | null) => {
      if (value === null) return null // a tombstone stays one
      const amount = Number(valueAt(value, path))
      if (Number.isNaN(amount)) throw new Error(\`\${field} is no number\`)
      return { ...value, size: amount >= large ? 'large' : 'small' }
    })
  },
})
`

const trial = (name: string): string => `# A topology to try ${name}.ts in.
name: try-${name}
description: Shows what ${name} makes of records.

sources:
  in: { type: topic, topic: try-${name}, format: json }

processors:
  tried: { type: ./${name}.ts, from: in, large: 100 }

sinks:
  shown: { type: console, from: tried }

errors: { attempts: 1, then: park }
`

const cases = (name: string): string => `# millrace test processors/${name}.yaml
cases:
  - name: an amount of 100 is large, and less is small
    given:
      - { key: a, value: { amount: 5 } }
      - { key: a, value: { amount: 100 } }
    expect:
      printed: ['{"amount":5,"size":"small"}', '{"amount":100,"size":"large"}']

  - name: what has no amount is parked
    given:
      - { key: b, value: { id: 1 } }
    expect:
      printed: []
      parked: [{ key: b, node: tried, code: PROCESSOR_FAILED }]
`
