import { suggestion } from '../../engine/config/suggest.ts'
import { permanentError } from '../../engine/errors.ts'
import type { Positions } from '../positions/positions.ts'

/** What a topology keeps for itself is no source of it. */
export function isOwnTopic(group: string, topic: string): boolean {
  return topic.startsWith(`${group}.`) && /\.(parked|changelog)$/.test(topic)
}

/** Nothing is known of a group that never committed. */
export function unknownGroup(group: string, groups: readonly string[], { where }: Positions): Error {
  const message = `No group ${group} has committed anything in ${where}${suggestion(group, groups)}`
  return permanentError('GROUP_UNKNOWN', message)
}
