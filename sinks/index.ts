import type { Registry } from '../engine/component/index.ts'
import { console } from './console.ts'
import { probe } from './probe.ts'
import { table } from './table.ts'
import { topic } from './topic.ts'

/** Every sink, by the name that topologies use as `type`. */
export const sinks = { console, probe, table, topic } satisfies Registry['sinks']
