// Values that others wrote, and values that others read: Confluent's serializers for Python (librdkafka's makers),
// and Apache Avro for Java. Confluent's serializers for Java are not on Maven Central; their wire format is the same.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { openRegistry, type ServerRegistry } from '../../../engine/avro/registry-server.ts'
import { registrySchemas } from '../../../engine/avro/registry-schemas.ts'
import { registryJava } from '../../support/servers/registry-java.ts'
import { registryPython } from '../../support/servers/registry-python.ts'
import { sharedRegistry, type SharedRegistry } from '../../support/servers/registry-shared.ts'
import { projectWith } from './registry-project.ts'

const schema = {
  type: 'record',
  name: 'app.Everything',
  doc: 'Of every kind.',
  fields: [
    { name: 'text', type: 'string' },
    { name: 'big', type: 'long' },
    { name: 'ratio', type: 'double' },
    { name: 'yes', type: 'boolean', default: true },
    { name: 'maybe', type: ['null', 'string'], default: null },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'counts', type: { type: 'map', values: 'int' } },
    {
      name: 'inner',
      type: ['null', { type: 'record', name: 'Inner', fields: [{ name: 'x', type: 'float' }] }],
    },
  ],
}
const values = [
  {
    text: 'ä€😀',
    big: 2 ** 52,
    ratio: 0.1,
    yes: false,
    maybe: 'm',
    kind: 'B',
    tags: ['a', ''],
    counts: { n: -1 },
    inner: { x: 0.5 },
  },
  { text: '', big: -1, ratio: -1e300, yes: true, maybe: null, kind: 'A', tags: [], counts: {}, inner: null },
]
/** The same in Avro's own JSON. */
const inJava = [{ ...values[0], maybe: { string: 'm' }, inner: { 'app.Inner': { x: 0.5 } } }, values[1]]
const older = { type: 'record', name: 'app.Everything', fields: [{ name: 'text', type: 'string' }] }

let server: SharedRegistry
const registries: ServerRegistry[] = []
const projects: { remove(): Promise<void> }[] = []
const names = { count: 0, run: process.pid }

beforeAll(async () => {
  server = await sharedRegistry()
})

afterEach(() => {
  for (const registry of registries.splice(0)) registry.close()
})

afterAll(() => Promise.all(projects.map((project) => project.remove())))

/** A topic, and a registry for it; with the schema in the project, where `own`. */
async function setting(subjects: 'record' | 'topic', own = false) {
  const topic = `interop-${names.run}-${++names.count}`
  const project = own ? await projectWith(topic, schema) : undefined
  if (project !== undefined) projects.push(project)
  const registry = await openRegistry({ url: server.url, subjects, register: own }, project?.files)
  registries.push(registry)
  return { topic, registry, schemas: registrySchemas(registry) }
}

const hex = (bytes: readonly Uint8Array[]): string[] => bytes.map((each) => Buffer.from(each).toString('hex'))

test.each(['topic', 'record', 'topic-record'] as const)(
  'reads what Python wrote with %s subjects',
  async (strategy) => {
    const { topic, registry, schemas } = await setting(strategy === 'topic' ? 'topic' : 'record')
    const written = await registryPython.write(values, {
      url: server.url,
      topic,
      strategy,
      schema,
      register: true,
    })
    const codec = await schemas.codec('app.Everything', topic)
    await registry.load(written[0]!.readUInt32BE(1))
    expect(written.map((value) => codec.decode(value, 0, value.length))).toEqual(values)
  },
)

test('Python reads what was written here, as an older version too, and finds the schema', async () => {
  const { topic, schemas } = await setting('record', true)
  const encoder = await schemas.encoder('app.Everything', topic)
  const written = values.map((value) => encoder.encode(value))
  const options = { url: server.url, topic }
  expect(await registryPython.read(written, options)).toEqual(values)
  const seen = await registryPython.read(written, { ...options, schema: older })
  expect(seen).toEqual(values.map(({ text }) => ({ text })))
  // Without registering: it looks up just this schema, under the same subject.
  const again = await registryPython.write(values, { ...options, strategy: 'topic-record', schema })
  expect(hex(again)).toEqual(hex(written))
})

test('Java reads what was written here, and the other way about', async () => {
  const { topic, registry, schemas } = await setting('topic', true)
  const encoder = await schemas.encoder('app.Everything', topic)
  const written = values.map((value) => Buffer.from(encoder.encode(value)))
  expect(await registryJava.read(written, { url: server.url })).toEqual(inJava)
  const seen = await registryJava.read(written, { url: server.url, schema: older })
  expect(seen).toEqual(values.map(({ text }) => ({ text })))
  const id = written[0]!.readUInt32BE(1)
  const theirs = await registryJava.write(inJava, { id, schema })
  await registry.load(id)
  const codec = await schemas.codec('app.Everything', topic)
  expect(theirs.map((value) => codec.decode(value, 0, value.length))).toEqual(values)
})
