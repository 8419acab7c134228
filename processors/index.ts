import type { Registry } from '../engine/component/index.ts'
import { aggregate } from './aggregate.ts'
import { branch } from './branch.ts'
import { deadLetter } from './dead-letter.ts'
import { dedupe } from './dedupe.ts'
import { downcast } from './downcast.ts'
import { enrich } from './enrich.ts'
import { filter } from './filter.ts'
import { flatMapProcessor } from './flat-map.ts'
import { join } from './join.ts'
import { map } from './map.ts'
import { merge } from './merge.ts'
import { redact } from './redact.ts'
import { repartition } from './repartition.ts'
import { resequence } from './resequence.ts'
import { schedule } from './schedule.ts'
import { throttle } from './throttle.ts'
import { upcast } from './upcast.ts'
import { validate } from './validate.ts'

/** Every processor, by the name that topologies use as `type`. */
export const processors = {
  aggregate,
  branch,
  'dead-letter': deadLetter,
  dedupe,
  downcast,
  enrich,
  filter,
  'flat-map': flatMapProcessor,
  join,
  map,
  merge,
  redact,
  repartition,
  resequence,
  schedule,
  throttle,
  upcast,
  validate,
} satisfies Registry['processors']
