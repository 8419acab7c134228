/** A sink, a topology to try it in, and that one's cases, side by side in `sinks/`. */
export function sinkFiles(name: string): Readonly<Record<string, string>> {
  return {
    [`sinks/${name}.ts`]: sink(name),
    [`sinks/${name}.yaml`]: trial(name),
    [`sinks/${name}.test.yaml`]: cases(name),
  }
}

const sink = (
  name: string,
): string => `// The sink "${name}". A topology in topologies/ uses it as { type: ../sinks/${name}.ts, from: …, prefix: got }.
import { defineSink, recordError, writeEach, z } from 'millrace'

export default defineSink({
  name: '${name}',
  summary: 'Prints each record behind a word.',

  // True only if writing the same record again leaves the same result, as with a row that has a key of its own. A record
  // may be written again after a crash: lint and explain say what that means for this sink.
  idempotent: false,

  config: z.strictObject({
    prefix: z.string().min(1).prefault('${name}').meta({ description: 'The word before each record.' }),
  }),

  examples: [{ title: 'Behind a word', config: { prefix: 'got' } }],

  // Called once for each partition: open connections here.
  async open({ prefix }, { print }) {
    return {
      order: 'batch', // records of a batch are written in their order
      concurrency: 1, // calls of write under way at once
      maxBatch: 500, // records in one call

      // Answers when all is written, with an outcome for each record. writeEach calls the function for each of them; a
      // record for which it throws is tried again, then parked, and the others go on. For a client that works in
      // batches, make write async and answer the outcomes yourself; what write throws itself holds for the whole batch.
      write(batch) {
        return writeEach(batch, (n) => {
          const { value } = batch.record(n)
          if (value === null) throw recordError('SINK_FAILED', 'No tombstone is printed: filter it out.')
          print(\`\${prefix} \${JSON.stringify(value)}\`)
        })
      },

      async close() {},
    }
  },
})
`

const trial = (name: string): string => `# A topology to try ${name}.ts in.
name: try-${name}
description: Gives records to the sink ${name}.

sources:
  in: { type: topic, topic: try-${name}, format: json }

sinks:
  # lint warns of a sink that repeats itself after a crash; here only people read it.
  # lint-allow ML011 printed for people
  tried: { type: ./${name}.ts, from: in, prefix: got }

errors: { attempts: 1, then: park }
`

const cases = (name: string): string => `# millrace test sinks/${name}.yaml
cases:
  - name: each record is printed, in the order of its key
    given:
      - { key: a, value: { n: 1 } }
      - { key: a, value: { n: 2 } }
    expect:
      printed: ['got {"n":1}', 'got {"n":2}']

  - name: a tombstone is parked
    given:
      - { key: b, value: null }
    expect:
      printed: []
      parked: [{ key: b, node: tried, code: SINK_FAILED }]
`
