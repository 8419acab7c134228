import { describe, expect, test } from '@jest/globals'
import { Life } from '../../../engine/testing/life.ts'
import { VirtualClock } from '../../../engine/testing/virtual-clock.ts'

describe('a virtual clock', () => {
  test('runs timers in the order of their times, and of one time in the order in which they were set', () => {
    const clock = new VirtualClock(1000)
    const ran: string[] = []
    const note = (name: string) => () => ran.push(`${name} at ${clock.now()}`)
    clock.after(20, note('late'))
    clock.after(10, note('first'))
    clock.after(10, note('second'))
    clock.after(-5, note('at once'))
    expect(clock.next).toBe(1000)
    while (clock.runNext());
    expect(clock.next).toBeUndefined()
    expect(ran).toEqual(['at once at 1000', 'first at 1010', 'second at 1010', 'late at 1020'])
    expect(clock.now()).toBe(1020)
  })

  test('forgets a timer that is called off', () => {
    const clock = new VirtualClock(0)
    const ran: string[] = []
    const off = clock.after(10, () => ran.push('off'))
    clock.after(10, () => ran.push('on'))
    off()
    clock.moveTo(10)
    expect(ran).toEqual(['on'])
  })

  test('moves on to a moment with all that is due on the way, also what that sets, and never back', () => {
    const clock = new VirtualClock(0)
    const ran: number[] = []
    const again = (): void => {
      ran.push(clock.now())
      clock.after(10, again)
    }
    clock.after(10, again)
    clock.moveTo(35)
    expect(ran).toEqual([10, 20, 30])
    clock.moveTo(5)
    expect(clock.now()).toBe(35)
  })
})

describe('a life', () => {
  test('that is over gets no answer, and none of its timers runs', async () => {
    const time = new VirtualClock(0)
    const life = new Life(time)
    const heard: string[] = []
    life.clock.after(10, () => heard.push('timer'))
    const slow = Promise.withResolvers<string>()
    void life.answer(() => slow.promise).then((answer) => heard.push(answer))
    expect(await life.answer(() => 'before')).toBe('before')
    expect(life.waits).toBe(true)
    life.alive = false
    slow.resolve('late')
    void life.answer(() => heard.push('asked by the dead'))
    time.moveTo(20)
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual([])
  })

  test('hands on what fails', async () => {
    const life = new Life(new VirtualClock(0))
    const fail = (): never => {
      throw new Error('no')
    }
    await expect(life.answer(fail)).rejects.toThrow('no')
    await expect(life.answerNow(() => Promise.reject(new Error('nor this')))).rejects.toThrow('nor this')
    expect(life.waits).toBe(false)
  })
})
