import { existsSync, readFileSync } from 'node:fs'
import type { Effect } from './judge.ts'

/** What a probe has seen. */
export function effectsOf(file: string, topic: string): Effect[] {
  if (!existsSync(file)) return []
  const effects: Effect[] = []
  const bytes = readFileSync(file)
  for (let at = 0; ;) {
    const end = bytes.indexOf(10, at)
    if (end < 0) return effects
    const line = bytes.toString('utf8', at, end)
    // A kill may have cut a line short; the next one then begins on it.
    const [, partition, offset, key, id, pid] = line.slice(line.lastIndexOf(`${topic}\t`)).split('\t')
    if (pid !== undefined)
      effects.push({
        partition: Number(partition),
        offset: Number(offset),
        key: key!,
        id: id!,
        pid: Number(pid),
        endsAt: end + 1,
      })
    at = end + 1
  }
}
