import { lastLine, type Invocation, type System } from './system.ts'
import { millrace } from './systems-millrace.ts'
import { eventOfRecord } from './orders.ts'
import type { Task } from './task.ts'

const guarantee = 'at-least-once'
const program = 'bench/cluster/systems/millrace-critical.ts'

/** The deduplication, and what is critical, each as a part of a topology. */
const bulk = ({ input, output }: Task) => ({
  sources: { orders: { type: 'topic', topic: input, schema: 'shop.OrderPlaced', timestamp: 'timestamp' } },
  processors: { unique: { type: 'dedupe', from: 'orders', by: 'eventId', window: '7d' } },
  sinks: { distinct: { type: 'topic', from: 'unique', topic: output } },
})

const alarms = ({ critical }: Task, isCritical: boolean) => ({
  sources: {
    alarms: { type: 'topic', topic: critical!.input, format: 'json', timestamp: 'at', critical: isCritical },
  },
  sinks: { alarmed: { type: 'topic', from: 'alarms', topic: critical!.output } },
})

function together(task: Task, isCritical: boolean): object {
  const [one, other] = [bulk(task), alarms(task, isCritical)]
  return {
    description: 'Orders without repetitions, and alarms beside them.',
    delivery: guarantee,
    ...one,
    sources: { ...one.sources, ...other.sources },
    sinks: { ...one.sinks, ...other.sinks },
  }
}

const apart: System = {
  name: 'millrace',
  guarantee,
  how: '`millrace run` of two topologies in one process: `dedupe` as in the first table, and a copy of a topic with `critical: true`',
  prepare: async () => {
    const ready = await millrace({
      program,
      endless: true,
      topology: (task) => ({
        description: 'Orders without repetitions.',
        delivery: guarantee,
        ...bulk(task),
      }),
      beside: (task) => ({ description: 'Alarms.', delivery: guarantee, ...alarms(task, true) }),
    })
    return typeof ready === 'string'
      ? ready
      : { ...ready, invoke: (task) => counted(task, ready.invoke(task)) }
  },
}

function inOne(isCritical: boolean): System {
  return {
    name: isCritical ? 'millrace-one-topology' : 'millrace-plain',
    guarantee,
    how: `both as sources of one topology, ${isCritical ? 'the alarms `critical: true`' : 'nothing critical'}`,
    prepare: async () => {
      const topology = (task: Task): object => together(task, isCritical)
      const ready = await millrace({ program, endless: true, topology })
      return typeof ready === 'string'
        ? ready
        : { ...ready, invoke: (task) => counted(task, ready.invoke(task)) }
    },
  }
}

/** Tells the program how many orders there are, and how many of them come out: behind the last one it ends. */
function counted({ total }: Task, { program: run, args }: Invocation): Invocation {
  const [script, ...words] = args
  let distinct = 0
  for (let n = 0; n < total; n++) if (eventOfRecord(n) === n) distinct++
  return { program: run, args: [script!, String(total), String(distinct), ...words], outcome: lastLine }
}

export const criticalSystems: readonly System[] = [apart, inOne(true), inOne(false)]
