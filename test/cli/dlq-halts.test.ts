import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { encodeHalt, parkedTopic, type HaltNotice } from '../../engine/runtime/letters.ts'
import { parkingProject, someLetters } from './parking-project.ts'

let project: ReturnType<typeof parkingProject>
beforeEach(() => {
  project = parkingProject()
})
afterEach(() => project.remove())

const at = Date.UTC(2026, 4, 1, 10)

async function say(notice: Partial<HaltNotice>, offset?: number): Promise<void> {
  const whole: HaltNotice = {
    ...{ group: 'notes', topic: 'events', partition: 0, why: 'parking', halted: true, at },
    ...{ sentence: 'Partition 0 of events halts: 2 keys are parked.', ...notice },
    ...(offset !== undefined && { offset }),
  }
  await project.inProject(async ({ log }) => {
    await log.ensureTopic(parkedTopic('notes', 'events'), { partitions: 2 })
    await log.append([{ topic: parkedTopic('notes', 'events'), partition: 0, ...encodeHalt(whole) }])
  })
}

const told = 'notes, since 2026-05-01 10:00:00: Partition 0 of events halts: 2 keys are parked.'

describe('a partition that halts', () => {
  test('is told by list and stats, until its worker says that it goes on', async () => {
    await project.park(someLetters)
    await say({})
    expect((await project.dlq('list')).out).toContain(told)
    expect((await project.dlq('stats')).out).toContain(told)
    const json = await project.dlq('list', '--output', 'json')
    expect([(JSON.parse(json.out[0]!) as unknown[]).length, json.err]).toEqual([3, [told]])
    expect(JSON.parse((await project.dlq('stats', '--output', 'json')).out[0]!)).toMatchObject({
      halted: [
        {
          ...{ topology: 'notes', topic: 'events', partition: 0, why: 'parking' },
          ...{
            since: '2026-05-01T10:00:00.000Z',
            sentence: 'Partition 0 of events halts: 2 keys are parked.',
          },
        },
      ],
    })
    expect((await project.dlq('list', '--topology', 'other')).out.join('\n')).not.toContain('halts')
    await say({ halted: false, sentence: 'Partition 0 of events goes on.' })
    expect((await project.dlq('list')).out.join('\n')).not.toContain('notes, since')
  })

  test('for a record is told where nothing was ever parked, and not once the record is behind', async () => {
    const sentence = 'Node table could not process events/0@4 (no), and the topology says "then: halt".'
    await say({ why: 'record', sentence }, 4)
    expect((await project.dlq('list')).out.join('\n')).toMatch(
      /Nothing is parked\.\n\nnotes, since .*events\/0@4/,
    )
    expect((await project.dlq('stats')).out.join('\n')).toMatch(/events\/0@4.*\n\nNothing was ever parked/)
    await project.inProject(async ({ backend }) => {
      const task = {
        ...{ task: 'notes/0', epoch: 1, group: 'notes', blocks: [], expired: [], partition: 0 },
        ...{
          positions: [{ topic: 'events', partition: 0, offset: 5, metadata: '' }],
          records: [],
          outputs: [],
        },
      }
      await backend.commit({ sequence: 1, tasks: [task] })
    }, true)
    expect((await project.dlq('list')).out.join('\n')).not.toContain('events/0@4')
  })
})
