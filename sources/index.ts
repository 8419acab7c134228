import type { Registry } from '../engine/component/index.ts'
import { gitLog } from './git-log.ts'
import { topic } from './topic.ts'

/** Every source, by the name that topologies use as `type`. */
export const sources = { 'git-log': gitLog, topic } satisfies Registry['sources']
