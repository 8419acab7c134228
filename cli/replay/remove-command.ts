import { suggestion } from '../../engine/config/suggest.ts'
import { permanentError } from '../../engine/errors.ts'
import { planReading } from '../../engine/topology/plan.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { outputFlag } from '../command-line/flags.ts'
import { keptGroups } from './kept.ts'
import { readOne } from './open-replay.ts'
import { inPlace } from './place.ts'
import { leftoversOf, removeReplay } from './remove.ts'
import { requestOf } from './request.ts'
import { sideGroup } from './side-plan.ts'

/** `millrace replay remove`. */
export async function removeOne(args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'])
  const [, file] = args.positionals
  const { name: topology } = planReading(await readOne('replay remove', args, args.positionals.slice(1)))
  const { name } = requestOf(args, Date.now())
  const group = sideGroup(topology, name)
  const asked = args.values['yes'] === true
  const topics = await inPlace(args, { file, worker: asked }, async ({ project, positions }) => {
    const leftovers = await leftoversOf(positions, group)
    if (leftovers.topics.length === 0) throw unknownReplay(topology, name, await positions.topicNames())
    if (asked) await removeReplay(project, positions, leftovers)
    return leftovers.topics
  })
  if (format === 'json') {
    args.out(JSON.stringify({ topology, name, group, topics, done: asked }))
    return 0
  }
  args.out(
    `The offsets and the state of ${group}, and what is in ${topics.join(', ')}: ${asked ? 'removed' : 'to be removed'}.`,
  )
  args.out('What the replay has written to tables and topics stays.')
  if (!asked) args.out('\nNothing was changed: --yes does it.')
  return 0
}

function unknownReplay(topology: string, name: string, topics: readonly string[]): Error {
  const begin = sideGroup(topology, '')
  const names = keptGroups(topics).flatMap((group) =>
    group.startsWith(begin) ? [group.slice(begin.length)] : [],
  )
  const message = `There is no replay ${name} of ${topology}${suggestion(name, names)}`
  return permanentError('GROUP_UNKNOWN', message)
}
