import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Timetable, timetableFlag, Pacer } from '../../cli/produce/timetable.ts'
import { pacedBatches } from '../../cli/shop/write.ts'
import { openProject } from '../../cli/project/project.ts'
import { shopEvents } from '../../platform/shop/shop.ts'
import { answers, makeProject, millrace } from './command-line.ts'

describe('a timetable', () => {
  const timetable = timetableFlag({ rate: '100:2s,1000:500ms,10' })!

  test('says when each record is due', () => {
    const dues = [0, 1, 199, 200, 201, 699, 700, 701, 710].map((n) => timetable.dueOf(n))
    expect(dues).toEqual([0, 10, 1990, 2000, 2001, 2499, 2500, 2600, 3500])
    expect([0, 199, 200, 699, 700, 9999].map((n) => timetable.stretchOf(n))).toEqual([0, 0, 1, 1, 2, 2])
  })

  test('knows how much it is, where it has an end', () => {
    expect([timetable.total, timetable.length]).toEqual([Infinity, Infinity])
    const spike = timetableFlag({ rate: '100:1m,1000:3m,100:1m' })!
    expect([spike.total, spike.length]).toEqual([192_000, 300_000])
    expect(spike.dueOf(192_000)).toBe(300_000)
  })

  test('is all of one rate where nothing else is said', () => {
    expect([0, 1, 1_000_000].map((n) => timetableFlag({ rate: '500' })!.dueOf(n))).toEqual([0, 2, 2_000_000])
    expect(timetableFlag({})).toBeUndefined()
  })

  test.each(['0', '-1', '1.5', 'fast', '100,200', '100:1m,', '100:0s', '100:1', '10000001', '100:1m;200'])(
    '%s is none',
    (rate) => {
      expect(() => timetableFlag({ rate })).toThrow(
        `--rate ${rate} is no rate: write it as 500, or as 100:1m,1000:3m,100 for some time each`,
      )
    },
  )
})

describe('a pacer', () => {
  const events = [...shopEvents({ seed: 7, events: 40, begin: 0 })]

  test('a batch is what is due, and the order stays', async () => {
    let due = 1
    const sevenMore = {
      isDue: (n: number) => n < due,
      until: async (n: number) => {
        if (n >= due) due = n + 7
      },
    }
    const batches = []
    for await (const batch of pacedBatches(events, sevenMore)) batches.push(batch)
    expect(batches.flat()).toEqual(events)
    expect(batches.slice(0, 4).map(({ length }) => length)).toEqual([1, 7, 7, 7])
  })

  test('holds back what is not due, until it is told to stop', async () => {
    const stop = new AbortController()
    const pacer = new Pacer(new Timetable([{ rate: 1, seconds: Infinity }]), stop.signal)
    expect([pacer.isDue(0), pacer.isDue(3600)]).toEqual([true, false])
    const waiting = pacer.until(3600)
    stop.abort()
    await waiting
    expect(pacer.isDue(3600)).toBe(false)
  })
})

describe('produce --rate', () => {
  let project: ReturnType<typeof makeProject>
  beforeEach(() => {
    project = makeProject()
  })
  afterEach(() => project.remove())

  test('writes all records in order, no sooner than they are due', async () => {
    const lines = Array.from({ length: 30 }, (_, n) => `{"id":"e${n}","n":${n}}`)
    writeFileSync(join(project.folder, 'in.jsonl'), lines.join('\n'))
    const words = ['produce', 'events', '--file', 'in.jsonl', '--schema', 'shop.Event', '--rate', '100']
    const ran = await millrace(project.folder, [...words, '-o', 'json'])
    expect(ran.err).toEqual([])
    const [{ produced, elapsedMs }] = answers(ran) as [{ produced: number; elapsedMs: number }]
    expect(produced).toBe(30)
    expect(elapsedMs).toBeGreaterThanOrEqual(289)
    const opened = await openProject({ cwd: project.folder })
    try {
      const { records } = await opened.log.fetch({ topic: 'events', partition: 0 }, 0, 100)
      expect(records.count).toBe(30)
    } finally {
      await opened.close()
    }
  })

  test('says what is wrong with a rate', async () => {
    const ran = await millrace(project.folder, ['produce', 'events', '--raw', '--rate', 'fast'])
    expect(ran.code).toBe(2)
    expect(ran.err.join('\n')).toContain('--rate fast is no rate')
  })
})
