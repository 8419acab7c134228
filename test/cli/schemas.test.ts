import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type FolderOfFiles, folderWith } from '../support/folder.ts'
import { check, type Field, file, newest, optional, report, schema, string } from './schemas-kit.ts'

let folder: FolderOfFiles

beforeEach(() => {
  folder = folderWith({ 'schemas/orders/OrderCreated.v1.0.avsc': schema([string('id'), optional('note')]) })
})

afterEach(() => folder.remove())

describe('schemas check', () => {
  test('says in one line a subject what the newest version changes', async () => {
    folder.write(file('1.1'), schema([string('id'), optional('note'), optional('channel')]))
    const { code, out } = await check(folder.path)
    expect(code).toBe(0)
    expect(out).toEqual([
      'subject                          version  compatibility        verdict  reason',
      'orders-shop.orders.OrderCreated  1.1.0    BACKWARD_TRANSITIVE  ok       MINOR: "channel" is not written: it is null; upgrade in any order',
      '',
      '1 subject, all fine.',
    ])
  })

  test.each<[string, string, string, { code: number; change: string; upgrade: string; problems: string[] }]>([
    [
      'words alone are a PATCH',
      '1.0.1',
      schema([string('id', { doc: 'The order.' }), optional('note')]),
      { code: 0, change: 'patch', upgrade: 'any order', problems: [] },
    ],
    [
      'an alias is a PATCH',
      '1.0.1',
      schema([string('id', { aliases: ['orderId'] }), optional('note')]),
      { code: 0, change: 'patch', upgrade: 'any order', problems: [] },
    ],
    [
      'a PATCH that adds a field has to be a MINOR',
      '1.0.1',
      schema([string('id'), optional('note'), optional('channel')]),
      {
        ...{ code: 1, change: 'minor', upgrade: 'any order' },
        problems: ['VERSION: It changes what is written or read, so it must be version 1.1.0, not 1.0.1.'],
      },
    ],
    [
      'a field without default breaks, and has to be a MAJOR',
      '1.1',
      schema([string('id'), optional('note'), string('channel')]),
      {
        ...{ code: 1, change: 'major', upgrade: 'producers first' },
        problems: [
          'INCOMPATIBLE: Readers of 1.1.0 cannot read what 1.0.0 wrote: "channel" is not written, and has no default.',
          'VERSION: It breaks readers, so it must be version 2.0.0, a record of its own named shop.orders.v2.OrderCreated, not 1.1.0.',
        ],
      },
    ],
    [
      'another order of fields is a MINOR',
      '1.1',
      schema([optional('note'), string('id')]),
      { code: 0, change: 'minor', upgrade: 'any order', problems: [] },
    ],
    [
      'a type that is promoted asks consumers to go first',
      '1.1',
      schema([{ name: 'id', type: ['string', 'long'] }, optional('note')]),
      { code: 0, change: 'minor', upgrade: 'consumers first', problems: [] },
    ],
    [
      'another spelling is no version',
      '1.1',
      JSON.stringify(
        {
          ...{ doc: 'An order.', name: 'shop.orders.OrderCreated', aliases: [], type: 'record' },
          fields: [string('id', { type: { type: 'string' }, order: 'ascending' }), optional('note')],
        },
        undefined,
        4,
      ),
      {
        ...{ code: 1, change: 'none', upgrade: 'any order' },
        problems: [
          'UNCHANGED: It is version 1.0.0 in another spelling, and no version of its own: delete it.',
        ],
      },
    ],
  ])('%s', async (_, version, text, expected) => {
    folder.write(file(version), text)
    const { code, change, upgrade, problems } = await newest(folder.path)
    const said = problems.map((one) => `${one.code}: ${one.message}`)
    expect({ code, change, upgrade, problems: said }).toEqual(expected)
  })

  test('compares with every earlier version, and tells a field once', async () => {
    folder.write(file('1.1'), schema([string('id')]))
    folder.write(file('1.2'), schema([string('id'), { name: 'note', type: 'long', default: 0 }]))
    const { problems } = await newest(folder.path)
    expect(problems[0]).toMatchObject({
      code: 'INCOMPATIBLE',
      path: 'note',
      message: 'Readers of 1.2.0 cannot read what 1.0.0 wrote: "note" is written as null and read as long.',
    })
    folder.write('schemas/catalogue.yaml', 'topics:\n  orders: { compatibility: BACKWARD }\n')
    expect((await newest(folder.path)).problems).toEqual([])
  })

  test.each([
    ['NONE', 0],
    ['BACKWARD', 0],
    ['FORWARD', 1],
    ['FULL_TRANSITIVE', 1],
  ])('what the catalogue promises is what counts: %s', async (mode, code) => {
    folder.write('schemas/catalogue.yaml', `topics:\n  orders: { compatibility: ${mode} }\n`)
    folder.write(file('1.1'), schema([optional('note')]))
    const found = await newest(folder.path)
    expect(found.code).toBe(code)
    expect(found.upgrade).toBe('consumers first')
    if (code === 1) {
      expect(found.problems[0]!.message).toBe(
        'Readers of 1.0.0 cannot read what 1.1.0 writes: "id" is not written, and has no default.',
      )
    }
  })

  test('a value that would mean something else breaks as well', async () => {
    const at = (unit: string): Field => ({
      name: 'at',
      type: { type: 'long', logicalType: `timestamp-${unit}` },
    })
    folder.write(file('1.1'), schema([string('id'), at('millis')]))
    folder.write(file('1.0'), schema([string('id'), at('micros')]))
    expect((await newest(folder.path)).problems[0]).toMatchObject({
      code: 'MISREAD',
      message:
        'Readers of 1.1.0 cannot read what 1.0.0 wrote: "at" is written as timestamp-micros and read as timestamp-millis (it can be read, and means something else).',
    })
  })

  test('a MAJOR is a record of its own: is it needed, and is there a cast?', async () => {
    folder.write(file('2.0'), schema([string('id'), optional('note')], 'shop.orders.v2'))
    const notes = async () => (await report(folder.path)).subjects.at(-1)!.versions[0]!.notes
    expect(await notes()).toEqual([
      'Nothing in it breaks readers of 1.x: it could be 1.1.0.',
      'OrderCreated.v1-v2.ts is missing: nothing makes values of 1.x such of 2.x.',
    ])
    folder.write('schemas/orders/OrderCreated.v1-v2.ts', 'export const up = (value) => value\n')
    folder.write(file('2.0'), schema([string('id'), string('channel')], 'shop.orders.v2'))
    expect(await notes()).toEqual([])
    expect((await report(folder.path)).code).toBe(0)
  })

  test('a deprecated field stays until its day is over', async () => {
    const deprecated = { since: '2026-10-01', removeAfter: '2027-04-01' }
    folder.write(file('1.1'), schema([string('id'), optional('note', { deprecated })]))
    folder.write(file('1.2'), schema([string('id')]))
    expect((await newest(folder.path)).problems).toMatchObject([
      {
        code: 'DEPRECATION',
        message: '"note" may not be removed until 2027-04-01 is over, as was promised: put it back.',
      },
    ])
    expect((await newest(folder.path, '--date', '2027-04-01')).code).toBe(1)
    const later = await newest(folder.path, '--date', '2027-04-02')
    expect(later).toMatchObject({ code: 0, notes: ['"note" is gone, deprecated since 2026-10-01.'] })
  })

  test('a field that is renamed by alias is not gone', async () => {
    folder.write(file('1.1'), schema([string('id'), optional('remark', { aliases: ['note'] })]))
    expect(await newest(folder.path)).toMatchObject({ code: 0, notes: [], change: 'minor' })
  })

  test('tells GitHub and JUnit the place', async () => {
    folder.write(
      file('1.1'),
      schema([string('id'), optional('note'), string('channel')]).replace(
        '{"name":"channel"',
        '\n {"name":"channel"',
      ),
    )
    const { out, code } = await check(folder.path, '-o', 'github')
    expect(code).toBe(1)
    expect(out.join('\n').replaceAll(folder.path, '')).toContain(
      '::error file=/schemas/orders/OrderCreated.v1.1.avsc,line=2,col=2,title=INCOMPATIBLE A reader fails::Readers of 1.1.0',
    )
    const junit = (await check(folder.path, '-o', 'junit')).out.join('\n')
    expect(junit).toContain('<testsuites name="millrace schemas check" tests="3" failures="2"')
  })

  test('what cannot be checked is 2', async () => {
    folder.write(file('1.1'), '{')
    const { code, err } = await check(folder.path)
    expect(code).toBe(2)
    expect(err.join()).toMatch(/OrderCreated\.v1\.1\.avsc:1:2: not JSON/)
    expect((await check(folder.path, 'nothing')).code).toBe(2)
    folder.write(file('1.1'), schema([string('id')]))
    expect((await check(folder.path, '--date', 'soon')).err[0]).toMatch(/--date soon is no day/)
  })
})
