import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import { Duration } from '../../engine/component/fields.ts'
import { usage } from '../command-line/flags.ts'
import { openAdmin } from '../cluster/kafka-admin.ts'
import type { Project } from '../project/project.ts'

/** The first offset whose record is of a time or later; undefined where none is. */
export type FirstSince = (partition: TopicPartition, time: number) => Promise<number | undefined>

/** How records are found by their time in a project's environment; `close` when it is needed no more. */
export async function openTimes(
  project: Project,
): Promise<{ readonly firstSince: FirstSince; close(): Promise<void> }> {
  const { environment } = project
  if (environment === undefined) {
    const { log } = project.embedded
    return {
      firstSince: (partition, time) => log.firstSince(partition, time),
      close: () => Promise.resolve(),
    }
  }
  const admin = await openAdmin(environment)
  return {
    firstSince: async (partition, time) => (await admin.offsets([partition], time))[0],
    close: () => admin.close(),
  }
}

/** A flag that is a time with its zone, or how long ago: `2026-11-20T10:00:00Z`, `2h`. Milliseconds since 1970. */
export function timeFlag(name: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const ago = Duration.safeParse(text)
  if (ago.success) return now - ago.data
  const zoned = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
  const time = zoned ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw usage(`--${name} ${text} is no time: write it as 2h, 7d or 2026-11-20T10:00:00Z.`)
}
