// What a registry need not have, and what it may answer; the rest is in schemas-registry.int.test.ts.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { RegistryAdmin } from '../../../engine/avro/registry-admin.ts'
import { parseSchema } from '../../../engine/avro/schema.ts'
import { type FakeAnswer, FakeRegistry, rejection, settingsFor } from './registry-fake.ts'

const schema = parseSchema('{"type": "record", "name": "a.R", "fields": []}', 'R.avsc')
const missing: FakeAnswer = { status: 404, body: { error_code: 404, message: 'HTTP 404 Not Found' } }
let fake: FakeRegistry
let admin: RegistryAdmin

beforeEach(async () => {
  fake = await FakeRegistry.open()
  admin = new RegistryAdmin(settingsFor(fake.url))
})

afterEach(async () => {
  admin.close()
  await fake.close()
})

/** Answers by the path, without its query; else 404. */
function answering(answers: Readonly<Record<string, FakeAnswer>>): void {
  fake.answer = ({ method, path }) => answers[`${method} ${path.split('?')[0]!}`] ?? missing
}

test('the level is the subject’s own, or that of the registry, under either name', async () => {
  answering({
    'GET /config': { status: 200, body: { compatibilityLevel: 'NONE' } },
    'GET /config/own': { status: 200, body: { compatibility: 'FULL' } },
  })
  expect(await admin.level('own')).toBe('FULL')
  expect(await admin.level('other')).toBe('NONE')
})

test.each<[string, FakeAnswer]>([
  ['in the words of the API', missing],
  ['in its own, as Karapace', { status: 404, body: '"Not Found"' }],
  ['with a page', { status: 405, body: '<html>no</html>' }],
])('a registry that says %s that it has no levels and opinions is one still', async (_, answer) => {
  fake.answer = ({ path }) => (/^\/(config|compatibility)/.test(path) ? answer : undefined)
  expect(await admin.subjects()).toEqual([])
  expect(await admin.level('a')).toBeUndefined()
  expect(await admin.setLevel('a', 'FULL')).toBe(false)
  expect(await admin.opinion('a', schema)).toBeUndefined()
})

test('what has not shown that it is a registry lacks nothing: it is none', async () => {
  fake.answer = () => ({ status: 404, body: '"Not Found"' })
  expect(await rejection(admin.level('a'))).toMatchObject({
    code: 'REGISTRY_REFUSED',
    message: expect.stringMatching(
      /is no schema registry \(404, .*give the base of the Confluent API itself/,
    ),
  })
})

test('a registry that asks about the newest version alone is asked about that', async () => {
  const body = { is_compatible: false, messages: ['one', 'two'] }
  answering({ 'POST /compatibility/subjects/a/versions/latest': { status: 200, body } })
  expect(await admin.opinion('a', schema)).toEqual({ compatible: false, reason: 'one; two' })
})

test.each<[string, object, object]>([
  ['a reason', { is_compatible: false, reason: 'because' }, { compatible: false, reason: 'because' }],
  ['none', { is_compatible: false }, { compatible: false, reason: 'without a reason' }],
  ['no need of one', { is_compatible: true }, { compatible: true, reason: 'without a reason' }],
])('an opinion may come with %s', async (_, body, expected) => {
  answering({ 'POST /compatibility/subjects/a/versions': { status: 200, body } })
  expect(await admin.opinion('a', schema)).toEqual(expected)
})

test('a schema that the registry does not understand is not compatible', async () => {
  const body = { error_code: 42201, message: 'Either the input schema or one its references is invalid' }
  answering({ 'POST /compatibility/subjects/a/versions': { status: 422, body } })
  expect(await admin.opinion('a', schema)).toMatchObject({ compatible: false })
})

test('a level that may not be set is said in a sentence', async () => {
  answering({ 'PUT /config/a': { status: 422, body: { error_code: 42203, message: 'Invalid level' } } })
  expect(await rejection(admin.setLevel('a', 'FULL'))).toMatchObject({
    code: 'REGISTRY_REFUSED',
    message: expect.stringMatching(
      /does not set the compatibility of a to FULL \(422: Invalid level\): have it allow this user, or set it there\.$/,
    ),
  })
})

test('a version that is no Avro has its reason', async () => {
  const stored = { subject: 'a', id: 7, version: 1, schemaType: 'JSON', schema: '{}' }
  answering({
    'GET /subjects/a/versions': { status: 200, body: [1] },
    'GET /subjects/a/versions/1': { status: 200, body: stored },
  })
  expect(await admin.versions('a')).toMatchObject([
    { version: 1, id: 7, trouble: expect.stringMatching(/is JSON: only Avro is read/) },
  ])
})
