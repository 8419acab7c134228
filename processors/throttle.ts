import { z } from 'zod'
import { defineProcessor, mapValueAsync, type Clock } from '../engine/component/index.ts'

export const throttle = defineProcessor({
  name: 'throttle',
  summary: 'Passes at most so many records a second on, and lets the others wait.',
  notes: `
Nothing is dropped and the order of all records stays: the first waits, the others behind it, up to the poll, which then
takes no more in. The rate holds for each task: with six partitions six times as many records may pass. Over any time
span no more than \`burst\` plus the span's share of \`rate\` pass.
`,

  config: z.strictObject({
    rate: z
      .number()
      .positive()
      .meta({ description: 'Records per second.', examples: [500] }),
    burst: z
      .int()
      .min(1)
      .optional()
      .meta({
        description: 'How many may pass at once after a pause; without this, a tenth of a second’s share.',
        examples: [100],
      }),
  }),

  examples: [
    {
      title: 'A service that takes ten requests a second',
      config: { rate: 10, burst: 3 },
      input: [{ n: 1 }, { n: 2 }, { n: 3 }],
      output: [{ n: 1 }, { n: 2 }, { n: 3 }],
    },
  ],

  create({ rate, burst }, { clock }) {
    const wait = tokenBucket(rate / 1000, burst ?? Math.max(1, Math.floor(rate / 10)), clock)
    // One at a time, so that records of different keys keep their order too.
    return mapValueAsync((value) => wait(value), { concurrency: 1 })
  },
})

function tokenBucket(
  perMs: number,
  burst: number,
  clock: Clock,
): <Value>(value: Value) => Value | Promise<Value> {
  let tokens = burst
  let filledAt = clock.now()

  const take = (): boolean => {
    const now = clock.now()
    // A clock that was set back gives nothing, rather than taking tokens away.
    tokens = Math.min(burst, tokens + Math.max(0, now - filledAt) * perMs)
    filledAt = now
    if (tokens < 1) return false
    tokens -= 1
    return true
  }

  return (value) => {
    if (take()) return value
    return new Promise((resolve) => {
      const again = (): void => (take() ? resolve(value) : wait())
      const wait = (): void => void clock.after(Math.max(1, Math.ceil((1 - tokens) / perMs)), again)
      wait()
    })
  }
}
