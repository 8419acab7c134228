import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openAuthenticator } from '../../engine/access/authenticator.ts'
import { makeProject, millrace } from './command-line.ts'

let project: ReturnType<typeof makeProject>
beforeEach(() => {
  project = makeProject()
})
afterEach(() => project.remove())

const keys = (...words: string[]) => millrace(project.folder, ['keys', ...words])
const file = () => join(project.folder, '.millrace', 'keys.json')
const json = async (...words: string[]) => JSON.parse((await keys(...words, '-o', 'json')).out[0]!)

describe('millrace keys', () => {
  test('makes a key that is let in, shows it once, and keeps its hash for its owner alone', async () => {
    const { code, out, err } = await keys('new', '--owner', 'ada', '--scope', 'dlq:read,dlq:release:orders')
    expect({ code, lines: out.length }).toEqual({ code: 0, lines: 1 })
    expect(err[0]).toMatch(
      /^Key [0-9a-f]{12} of ada, for dlq:read, dlq:release:orders\. It ends 20.*shown this once:$/,
    )
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(readFileSync(file(), 'utf8')).not.toContain(out[0]!.slice(16))
    const door = await openAuthenticator({ keys: { kind: 'file', path: file() }, tokens: [] })
    expect(await door.verdictOn(`Bearer ${out[0]}`)).toMatchObject({
      outcome: 'known',
      identity: { name: 'ada', scopes: ['dlq:read', 'dlq:release:orders'] },
    })
  })

  test('lists them without their hashes, and revokes one', async () => {
    const first = await json('new', '--owner', 'ada', '--scope', 'dlq:read', '--expires', '12h')
    const second = await json('new', '--owner', 'bob', '--scope', 'dlq:discard', '--expires', 'never')
    expect(Date.parse(first.expires) - Date.parse(first.created)).toBe(12 * 3_600_000)
    expect(second).toMatchObject({ expires: null, state: 'good', file: file() })
    expect(await json('revoke', first.id)).toMatchObject({ id: first.id, state: 'revoked' })
    const listed = await json('list')
    expect(listed).toMatchObject([
      { id: first.id, owner: 'ada', state: 'revoked', scopes: ['dlq:read'] },
      { id: second.id, owner: 'bob', state: 'good' },
    ])
    expect(Object.keys(listed[0])).not.toContain('hash')
    expect((await keys('list')).out.join('\n')).toMatch(
      new RegExp(`${second.id} +bob +good +dlq:discard +\\S+ +never`),
    )
    const door = await openAuthenticator({ keys: { kind: 'file', path: file() }, tokens: [] })
    expect(await door.verdictOn(`Bearer ${first.key}`)).toMatchObject({ outcome: 'refused' })
    expect(await door.verdictOn(`Bearer ${second.key}`)).toMatchObject({ outcome: 'known' })
  })

  test('goes where the access file says, or the flag', async () => {
    mkdirSync(join(project.folder, 'secrets'))
    writeFileSync(join(project.folder, 'access.yaml'), 'access: { keys: file:secrets/keys.json }\n')
    const made = await json('new', '--owner', 'ada', '--scope', 'dlq:read', '--access', 'access.yaml')
    expect(made.file).toBe(join(project.folder, 'secrets', 'keys.json'))
    const other = await json('new', '--owner', 'ada', '--scope', 'dlq:read', '--keys', 'mine.json')
    expect(other.file).toBe(join(project.folder, 'mine.json'))
    expect((await keys('list')).out).toEqual([`There are no keys in ${file()}: millrace keys new makes one.`])
  })

  test.each([
    [['new', '--scope', 'dlq:read'], 'keys new needs --owner NAME: the audit names it with each act.'],
    [
      ['new', '--owner', 'ada'],
      'keys new needs --scope SCOPE: dlq:read, dlq:release, dlq:replay, dlq:discard, or one with :TOPOLOGY behind it.',
    ],
    [
      ['new', '--owner', 'ada', '--scope', 'dlq:relase:orders'],
      '--scope dlq:relase:orders is no scope: did you mean dlq:release:orders?',
    ],
    [
      ['new', '--owner', 'ada', '--scope', '*'],
      '--scope * is no scope: there are dlq:read, dlq:release, dlq:replay, dlq:discard.',
    ],
    [
      ['new', '--owner', 'ada', '--scope', 'dlq:read', '--expires', '1y'],
      '--expires 1y is no length of time up to 3650d: give one such as 12h or 30d, or never.',
    ],
    [['revoke'], 'keys revoke needs the id of a key: see millrace keys list.'],
    [['lst'], 'keys has no "lst": did you mean list?'],
    [[], 'keys needs to be told what to do: new, list or revoke.'],
    [['list', 'all'], 'keys list has no use for "all": leave it out.'],
  ])('%j is one sentence', async (words, sentence) => {
    expect(await keys(...words)).toEqual({ code: 2, out: [], err: [`millrace: ${sentence}`] })
  })

  test('says which key there is not', async () => {
    await json('new', '--owner', 'ada', '--scope', 'dlq:read')
    const { code, err } = await keys('revoke', 'ffffffffffff')
    expect({ code, err }).toEqual({
      code: 2,
      err: [`millrace: There is no key ffffffffffff in ${file()}: see millrace keys list.`],
    })
    expect(await json('list')).toMatchObject([{ state: 'good' }])
  })
})
