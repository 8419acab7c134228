// plan, apply, pull, diff and check against a registry, and what it says of pairs of schemas. It is Apicurio, or the one at
// MILLRACE_REGISTRY: the same holds for Karapace.
import { readdirSync, readFileSync, renameSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pairs } from '../engine/avro/compatibility/pairs.ts'
import { type FolderOfFiles, folderWith } from '../support/folder.ts'
import { sharedRegistry, type SharedRegistry } from '../support/servers/registry-shared.ts'
import { millrace } from './command-line.ts'
import { optional, schema, string } from './schemas-kit.ts'

let registry: SharedRegistry
let folder: FolderOfFiles
const topic = `schemas-${process.pid}-${Date.now()}`
const subject = `${topic}-shop.orders.OrderCreated`
const file = (version: string): string => `schemas/${topic}/OrderCreated.v${version}.avsc`

beforeAll(async () => {
  registry = await sharedRegistry()
  folder = folderWith({
    'environments/test.yaml': `kafka: { brokers: "127.0.0.1:1" }\nregistry: { url: "${registry.url}" }\n`,
    [file('1.0')]: schema([string('id'), optional('note')]),
  })
})

afterAll(() => folder.remove())

const schemas = (...words: string[]) => millrace(folder.path, ['schemas', ...words, '--env', 'test'])
const versions = () => registry.call('GET', `/subjects/${subject}/versions`)

interface Plan {
  readonly steps: readonly {
    action: string
    register: { version: string }[]
    level?: object
    reason: string
    refusals: string[]
    drift: string[]
  }[]
}
const plan = async (): Promise<Plan['steps'][number] & { code: number }> => {
  const ran = await schemas('plan', '-o', 'json')
  expect(ran.err).toEqual([])
  return { ...(JSON.parse(ran.out.join('\n')) as Plan).steps[0]!, code: ran.code }
}

test('a project’s schemas get into the registry and stay what they are', async () => {
  folder.write(file('1.1'), schema([string('id'), optional('note'), optional('channel')]))
  const level = { from: 'BACKWARD', to: 'BACKWARD_TRANSITIVE' }
  const register = [{ version: '1.0.0' }, { version: '1.1.0' }]
  const reason =
    '1.0.0: the first version. 1.1.0: MINOR: "channel" is not written: it is null; upgrade in any order'
  expect(await plan()).toMatchObject({ code: 3, action: 'register', level, register, reason })
  const junit = await schemas('plan', '-o', 'junit')
  expect(junit.code).toBe(3)
  expect(junit.out.join('\n')).toMatch(/failures="0" errors="0">[^]*REGISTER To be registered/)
  expect((await schemas('diff', '-o', 'github')).out.join('\n')).toMatch(
    /^::error file=.*OrderCreated\.v1\.1\.avsc,line=1.*only files have 1\.0\.0, 1\.1\.0\.$/m,
  )

  const applied = await schemas('apply')
  expect(applied).toMatchObject({ code: 0, err: [] })
  expect(
    applied.out.map((line) => line.replace(/id \d+$/, 'id N').replaceAll(`${folder.path}/`, '')),
  ).toEqual([
    `${subject}: BACKWARD_TRANSITIVE, was BACKWARD`,
    `${subject}: registered ${file('1.0')}, id N`,
    `${subject}: registered ${file('1.1')}, id N`,
  ])
  expect(await versions()).toEqual([1, 2])
  expect(await schemas('apply')).toMatchObject({ code: 0, out: ['Nothing to do.'] })
  expect(await schemas('diff')).toMatchObject({ code: 0, out: ['The registry has what the files say.'] })

  // Apicurio alone would make a version of it.
  const text = schema([string('id'), optional('note'), optional('channel')])
  folder.write(file('1.1'), JSON.stringify({ aliases: [], ...(JSON.parse(text) as object) }, undefined, 4))
  expect(await plan()).toMatchObject({ code: 0, action: 'unchanged' })
})

test('what breaks is refused, and nothing is changed', async () => {
  folder.write(file('1.2'), schema([string('id'), optional('note'), optional('channel'), string('more')]))
  const refused = await plan()
  expect(refused).toMatchObject({ code: 1, action: 'refused' })
  expect(refused.refusals.join('\n')).toMatch(/"more" is not written, and has no default/)
  expect(refused.refusals.join('\n')).toMatch(/the registry finds it incompatible/)
  const text = await schemas('plan')
  expect(text.out[1]).toContain('"more" is not written, and has no default')
  expect((await schemas('plan', '-o', 'github')).out.join('\n')).toMatch(/^::error file=.*REFUSED/)
  const junit = await schemas('apply', '-o', 'junit')
  expect(junit.code).toBe(1)
  expect(junit.out.join('\n')).toContain('<failure ')
  expect(await versions()).toEqual([1, 2])
  const checked = await schemas('check', '-o', 'json')
  expect(checked.code).toBe(1)
  expect(checked.out.join('')).toContain('"REGISTRY"')
})

test('what the registry alone has is told, counts, and is pulled as files', async () => {
  folder.write(file('1.2'), schema([string('id'), { ...optional('by'), type: ['null', 'int'] }]))
  renameSync(`${folder.path}/${file('1.2')}`, `${folder.path}/later`)
  const fields = [string('id'), optional('note'), optional('channel'), optional('by')]
  await registry.register(subject, JSON.parse(schema(fields)))
  expect((await plan()).drift).toEqual([
    'Version 3 is in the registry alone (no file here is it: see schemas pull).',
  ])
  renameSync(`${folder.path}/later`, `${folder.path}/${file('1.2')}`)
  const clash = await plan()
  expect(clash.refusals.join('\n')).toMatch(
    /Readers of 1\.2\.0 cannot read what version 3 of the registry wrote: "by" may be written as string, which readers do not know/,
  )
  renameSync(`${folder.path}/${file('1.2')}`, `${folder.path}/later`)

  expect((await schemas('pull', topic)).out.map((line) => line.replaceAll(`${folder.path}/`, ''))).toEqual([
    `wrote ${file('1.2.0')}`,
  ])
  expect(JSON.parse(readFileSync(`${folder.path}/${file('1.2.0')}`, 'utf8'))).toMatchObject({ fields })
  expect((await schemas('pull', topic)).out).toEqual(['Nothing to write.'])
  expect(await plan()).toMatchObject({ code: 0, action: 'unchanged', drift: [] })
})

test('a project may begin with what the registry has', async () => {
  const empty = folderWith({
    'environments/test.yaml': readFileSync(`${folder.path}/environments/test.yaml`, 'utf8'),
  })
  const ran = await millrace(empty.path, ['schemas', 'pull', topic, '--env', 'test'])
  expect(ran.code).toBe(0)
  expect(readdirSync(`${empty.path}/schemas/${topic}`).sort()).toEqual([
    'OrderCreated.v1.0.0.avsc',
    'OrderCreated.v1.1.0.avsc',
    'OrderCreated.v1.2.0.avsc',
  ])
  empty.remove()
})

test('what the registry put together from several subjects comes as one file, and is the same version', async () => {
  const record = (name: string, fields: readonly object[]): object => ({
    ...{ type: 'record', name, namespace: 'shop.parts', fields },
  })
  const from = (name: string): object => ({
    name: `shop.parts.${name}`,
    subject: `${topic}-${name}`,
    version: 1,
  })
  const parts = `${topic}-parts`
  await registry.register(`${topic}-Country`, record('Country', [string('code')]))
  const country = { name: 'country', type: 'shop.parts.Country' }
  await registry.register(`${topic}-Address`, record('Address', [string('street'), country]), [
    from('Country'),
  ])
  const whole = record('Parcel', [
    { name: 'to', type: 'shop.parts.Address' },
    { name: 'back', type: ['null', 'shop.parts.Address'], default: null },
  ])
  await registry.register(`${parts}-shop.parts.Parcel`, whole, [from('Address'), from('Country')])

  const environment = readFileSync(`${folder.path}/environments/test.yaml`, 'utf8')
  const project = folderWith({ 'environments/test.yaml': environment })
  const run = (...words: string[]) => millrace(project.path, ['schemas', ...words, '--env', 'test'])
  expect(await run('pull', parts)).toMatchObject({ code: 0, err: [] })
  const text = readFileSync(`${project.path}/schemas/${parts}/Parcel.v1.0.0.avsc`, 'utf8')
  expect(text.match(/"type": "record"/g)).toHaveLength(3)
  expect(await run('pull', parts)).toMatchObject({ code: 0, out: ['Nothing to write.'] })
  expect(await run('apply')).toMatchObject({ code: 0, err: [] })
  expect(await registry.call('GET', `/subjects/${parts}-shop.parts.Parcel/versions`)).toEqual([1])
  expect(await run('diff')).toMatchObject({ code: 0, err: [] })
  project.remove()
})

const ofApicurio = [
  'a field that two of the writer’s may be: answered 422',
  'two aliases that are both written: answered 422',
  'a tree through a map: answered 500',
]

const ofKarapace = [
  'a bare alias is in the namespace: false',
  'a field that two of the writer’s may be: true',
  'two aliases that are both written: true',
]

/** What the registry says of a reader, where it takes the writer at all. */
async function registryVerdict(own: string, writer: unknown, reader: unknown): Promise<boolean | string> {
  try {
    await registry.register(own, writer)
    const body = { schema: JSON.stringify(reader) }
    const answer = await registry.call('POST', `/compatibility/subjects/${own}/versions/latest`, body)
    return (answer as { is_compatible: boolean }).is_compatible
  } catch (error) {
    const [, status] = /: (\d{3}) /.exec((error as Error).message) ?? []
    return `answered ${status}`
  }
}

test('the registry judges pairs as Java does, but for these', async () => {
  const java = JSON.parse(
    readFileSync(new URL('../engine/avro/compatibility/java-verdicts.json', import.meta.url), 'utf8'),
  ) as Readonly<Record<string, string>>
  // Bare types say nothing more than the pairs of the unit test; records are what subjects hold.
  const asked = pairs.filter(
    ({ rule }) => !['primitives and promotions', 'types of other kinds'].includes(rule),
  )
  const differing: string[] = []
  for (const [index, { rule, name, writer, reader }] of asked.entries()) {
    const own = `${topic}-pair-${index}`
    const verdict = await registryVerdict(own, writer, reader)
    const expected = java[`${rule}: ${name}`]! === 'COMPATIBLE'
    if (verdict !== expected) differing.push(`${name}: ${verdict}`)
  }
  // docs/guide/schemas.md says why.
  expect(differing).toEqual(registry.url.includes('/apis/') ? ofApicurio : ofKarapace)
})
