// One codec at one task, in a process of its own: node bench/codecs/child.ts SYSTEM TASK SECONDS
import type { BenchCodec, Measured, Task, Turn } from './codec.ts'

const [system, task, seconds] = process.argv.slice(2)
const { open } = (await import(`./systems/${system}.ts`)) as { readonly open: () => Promise<BenchCodec> }
const codec = await open()
const turn = await codec.turn(task as Task)
if (turn === undefined) console.log('null')
else {
  await run(turn, codec.values, 1000)
  console.log(JSON.stringify(await run(turn, codec.values, Number(seconds) * 1000)))
}
process.exit(0)

/** Turns for so many milliseconds of CPU: where others share the machine, a time by the clock would warm nothing up. */
async function run(turn: Turn, values: number, ms: number): Promise<Measured> {
  const began = performance.now()
  const before = process.cpuUsage()
  let count = 0
  for (;;) {
    for (let n = 0; n < 200; n++) {
      const answer = turn(n % values)
      if (answer instanceof Promise) await answer
    }
    count += 200
    const { user, system: kernel } = process.cpuUsage(before)
    if (user + kernel >= ms * 1000)
      return {
        perSecond: (count * 1000) / (performance.now() - began),
        cpuSeconds: (user + kernel) / count,
      }
  }
}
