import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parkedTopic } from '../../engine/runtime/letters.ts'
import { answers } from './command-line.ts'
import { parkingProject, someLetters } from './parking-project.ts'

let project: ReturnType<typeof parkingProject>

beforeEach(() => {
  project = parkingProject()
})
afterEach(() => project.remove())

describe('release', () => {
  test('asks for a key as a whole, where its letters are', async () => {
    await project.park(someLetters)
    const ran = await project.dlq('release', '--key', 'order-7', '--yes', '-o', 'json')
    expect(ran.code).toBe(0)
    expect(answers(ran)).toEqual([
      { act: 'release', topology: 'notes', topic: 'events', keys: 1, letters: 3, dryRun: false },
    ])
    expect(await project.commands()).toEqual([
      expect.objectContaining({ key: 'order-7', act: 'release', by: 'tester', at: expect.any(Number) }),
    ])
    expect((await project.commands())[0]).not.toHaveProperty('letters')
    const [keys] = answers(await project.dlq('list', '-o', 'json')) as [{ key: string; requested: unknown }[]]
    expect(keys.map(({ key, requested }) => [key, requested])).toEqual([
      ['order-7', 'release'],
      ['order-9', null],
      [null, null],
    ])
    expect((await project.dlq('list')).out[0]).toMatch(/code +requested +error$/)
  })

  test('--all asks for every key, and for records without key one by one', async () => {
    await project.park(someLetters)
    const ran = await project.dlq('release', '--all', '--yes')
    expect(ran.out).toEqual([
      expect.stringMatching(/^Release 5 letters of 2 keys from events, parked by notes: asked for\. /),
    ])
    expect((await project.commands()).map(({ key, act, letters }) => [key, act, letters])).toEqual([
      ['order-7', 'release', undefined],
      ['order-9', 'release', undefined],
      [null, 'release', [3]],
    ])
  })

  test('a dry run asks for nothing', async () => {
    await project.park(someLetters)
    const ran = await project.dlq('release', '--all', '--dry-run')
    expect(ran).toMatchObject({ code: 0, out: [expect.stringMatching(/dry run/)] })
    expect(await project.commands()).toEqual([])
  })

  test('is written down: who asked for what, when, and what came of it', async () => {
    await project.park(someLetters)
    await project.dlq('release', '--key', 'order-7', '--yes')
    await project.dlq('discard', '0@1', '--reason', 'INC-42', '--yes')
    await project.dlq('release', '--all', '--dry-run')
    const [begun, done, ...rest] = await project.acts()
    expect(begun).toEqual({
      ...{ v: 1, id: expect.any(String), at: expect.stringMatching(/^20\d\d-.*Z$/), phase: 'begun' },
      ...{
        by: 'tester',
        via: 'command line',
        act: 'release',
        topology: 'notes',
        topic: 'events',
        letters: 3,
      },
      selection: { key: 'order-7' },
    })
    expect(done).toEqual({ ...begun, at: expect.any(String), phase: 'done' })
    expect(rest).toMatchObject([
      { act: 'discard', phase: 'begun', letters: 1, reason: 'INC-42', selection: { place: '0@1' } },
      { act: 'discard', phase: 'done', letters: 1, reason: 'INC-42' },
    ])
  })

  test('with a rate asks for one key after the other', async () => {
    await project.park(someLetters)
    await project.dlq('release', '--all', '--yes', '--rate', '100000')
    expect((await project.commands()).map(({ key }) => key)).toEqual(['order-7', 'order-9', null])
    expect(await project.dlq('release', '--all', '--yes', '--rate', '0')).toMatchObject({ code: 2 })
  })

  test('without --yes and without a terminal, nothing happens', async () => {
    await project.park(someLetters)
    expect(await project.dlq('release', '--all')).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/add --yes/)],
    })
    expect(await project.commands()).toEqual([])
  })

  test('a letter of a key is not released out of its order', async () => {
    await project.park(someLetters)
    expect(await project.dlq('release', '0@2', '--yes')).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/--key order-7/)],
    })
    expect((await project.dlq('release', '0@3', '--yes')).code).toBe(0)
    expect(await project.commands()).toEqual([expect.objectContaining({ key: null, letters: [3] })])
  })
})

describe('discard', () => {
  test('of a key names its letters, so that later ones stay', async () => {
    await project.park(someLetters)
    const ran = await project.dlq('discard', '--key', 'order-7', '--reason', 'sent twice', '--yes')
    expect(ran.out).toEqual([expect.stringMatching(/^Discard 3 letters of 1 key from events/)])
    expect(await project.commands()).toEqual([
      expect.objectContaining({ key: 'order-7', act: 'discard', letters: [0, 2, 4], reason: 'sent twice' }),
    ])
  })

  test('of one letter', async () => {
    await project.park(someLetters)
    await project.dlq('discard', '0@2', '--reason', 'x', '--yes')
    expect(await project.commands()).toEqual([expect.objectContaining({ key: 'order-7', letters: [2] })])
  })

  test('of very many letters is several commands', async () => {
    await project.park(Array.from({ length: 2500 }, (_, n) => ({ key: 'k', offset: n, follower: n > 0 })))
    await project.dlq('discard', '--key', 'k', '--reason', 'x', '--yes')
    const asked = await project.commands()
    expect(asked.map(({ letters }) => letters?.length)).toEqual([1000, 1000, 500])
    expect(asked.flatMap(({ letters }) => letters)).toEqual(Array.from({ length: 2500 }, (_, n) => n))
  })
})

test.each([
  [[], /needs to be told what to do/],
  [['relese'], /did you mean release\?/],
  [['list', '--topolgy', 'x'], /did you mean --topology\?/],
  [['show'], /needs a place/],
  [['show', 'x'], /PARTITION@OFFSET/],
  [['show', '0@99'], /no letter at 0@99/],
  [['show', '7@0'], /no letter at 7@0/],
  [['show', '0@0', '--topic', 'nothing'], /Nothing was ever parked there/],
  [['release'], /needs one of --key KEY, --all/],
  [['release', '--all', '--key', 'order-7'], /needs one of/],
  [['release', '--key', 'order-8', '--yes'], /"order-8" has no open letters/],
  [['discard', '--key', 'order-7'], /needs --reason/],
  [['discard', '--all', '--reason', 'x'], /has no --all/],
  [['discard', '--reason', 'x'], /needs one of --key KEY and a PARTITION@OFFSET/],
  [['discard', '0@99', '--reason', 'x', '--yes'], /no open letter at 0@99/],
])('dlq %j is one sentence', async (words, message) => {
  await project.park(someLetters)
  expect(await project.dlq(...words)).toEqual({ code: 2, out: [], err: [expect.stringMatching(message)] })
})

test('letters of several topics must be told apart', async () => {
  await project.park(someLetters)
  await project.park([{ key: 'x', offset: 1 }], 'notes', 'more')
  expect(await project.dlq('release', '--all', '--yes')).toMatchObject({
    code: 2,
    err: [expect.stringMatching(/give --topology notes --topic events, or --topology notes --topic more\./)],
  })
  expect((await project.dlq('release', '--all', '--yes', '--topic', 'more')).code).toBe(0)
  expect(await project.commands()).toEqual([])
  expect(await project.commands(parkedTopic('notes', 'more'))).toHaveLength(1)
})
