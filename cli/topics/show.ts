import type { TopicStep } from './plan.ts'
import { textTable } from '../terminal/text-table.ts'

const signs = { create: '+', change: '~', unchanged: '=', refused: '!' } as const

/** The steps for people. */
export function stepLines(steps: readonly TopicStep[], width: number | undefined): string[] {
  if (steps.length === 0) return ['No topic is asked for: neither by the catalogue nor by a topology.']
  const rows = steps.map((step) => [
    `${signs[step.action]} ${step.action}`,
    step.topic,
    String(step.partitions),
    String(step.replication),
    step.reasons.join('; '),
  ])
  const alike = Map.groupBy(steps, (step) => detailsOf(step).join('\n'))
  alike.delete('')
  const details = [...alike].flatMap(([text, some]) => [
    '',
    `${namesOf(some)}:`,
    ...text.split('\n').map((line) => `  ${line}`),
  ])
  return [...textTable(['', 'topic', 'partitions', 'replicas', 'why'], rows, width), ...details]
}

function detailsOf({ action, settings, changes, refusals, drift }: TopicStep): string[] {
  const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return [
    ...(action === 'create' && set.length > 0 ? [`set ${set.join(' ')}`] : []),
    ...changes,
    ...refusals.map((sentence) => `refused: ${sentence}`),
    ...drift.map((text) => `left alone: ${text}`),
  ]
}

/** Many topics are alike: those of letters, those of state. `-o json` names them all. */
function namesOf(steps: readonly TopicStep[]): string {
  const names = steps.map(({ topic }) => topic)
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`
}

/** What it comes to: `2 to create, 1 refused, 5 unchanged`. */
export function stepCounts(steps: readonly TopicStep[]): string {
  const words = {
    create: 'to create',
    change: 'to change',
    refused: 'refused',
    unchanged: 'unchanged',
  } as const
  const counts = (['create', 'change', 'refused', 'unchanged'] as const).map((action) => {
    const count = steps.filter((step) => step.action === action).length
    return count === 0 ? [] : [`${count} ${words[action]}`]
  })
  return counts.flat().join(', ')
}
