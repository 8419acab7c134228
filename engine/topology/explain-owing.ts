import { weakensState } from './explain-weakens.ts'
import { durationText, quoted } from './lint-rule.ts'
import { numberSetting, type PlanGraph, textSetting } from './plan-graph.ts'
import type { OutputRef, PlanNode, ProcessorNode, TopologyPlan } from './plan-types.ts'
import type { Statement } from './statement.ts'

/** What is promised of a node that commits first, and sends what its state owes. */
export function owing(plan: TopologyPlan, node: ProcessorNode): Statement[] {
  const { state, sent } = (Object.hasOwn(promises, node.type) ? promises[node.type]! : plainPromise)(node)
  const exact = plan.delivery === 'exactly-once'
  const stores = node.definition.stores?.(node.config, { node: node.name }) ?? []
  return [
    {
      holds: true,
      about: node.name,
      says: state.says,
      because: `${quoted(stores.map(({ name }) => name))} and the offsets are in one commit, which ends before the first record that is not settled.`,
      provided: state.provided,
      weaker: weakensState(node),
    },
    {
      holds: true,
      about: node.name,
      says: sent.says,
      because:
        'What is sent follows from committed state, and is owed by the store until it is acknowledged: the acknowledgement is a change of state too.',
      ...provisos(sent.provided, exact),
    },
    ...(sent.not === undefined ? [] : [{ holds: false, about: node.name, ...sent.not }]),
    {
      holds: false,
      about: node.name,
      says: `What a later node cannot take becomes a letter: it stays owed, is told in the log, and is sent again ${sent.again}.`,
      because: 'It comes from no partition, so that there is no place to park it at.',
    },
  ]
}

/** True if a way leads from a source to the node on which what is sent keeps the order of the source. */
export function keepsOrder(graph: PlanGraph, node: PlanNode): boolean {
  return graph.feeders(node).some((feeder) => {
    if (feeder.kind === 'source') return true
    const isOwed = ({ node: name, output }: OutputRef): boolean =>
      name === feeder.name && feeder.kind === 'processor' && sendsOwed(feeder, output)
    const refs = node.from.filter(({ node: name }) => name === feeder.name)
    return !refs.every(isOwed) && keepsOrder(graph, feeder)
  })
}

function sendsOwed({ definition, config }: ProcessorNode, output: string | undefined): boolean {
  if (definition.commitsFirst !== true) return false
  return output === undefined || (definition.owes?.(config) ?? []).includes(output)
}

interface Promised {
  /** Of the state. */
  readonly state: { readonly says: string; readonly provided: string }
  /** Of what is sent. */
  readonly sent: {
    readonly says: string
    readonly provided?: string
    /** What is not promised of it. */
    readonly not?: { readonly says: string; readonly because: string }
    /** When what failed is sent again. */
    readonly again: string
  }
}

const parkedElsewhere =
  'A record that another node parks is counted when it comes, and not again when its letter is released.'

const promises: Readonly<Record<string, (node: ProcessorNode) => Promised>> = {
  aggregate: ({ config }) => ({
    state: {
      says: 'Its state is that of a beginning of the partition, also after a crash: a record counts once.',
      provided: parkedElsewhere,
    },
    sent: {
      says: aggregatesSent(config),
      again: 'when its key changes and at the next start',
    },
  }),
  resequence: resequenced,
  schedule: scheduled,
}

function aggregatesSent({ emit, window }: ProcessorNode['config']): string {
  if (emit === 'close') return 'Each window is sent when it is closed: at least once, and with one value.'
  if ((window as { readonly session?: number } | undefined)?.session !== undefined)
    return 'Of each session the newest value is sent, at least once, under the key of its window; a window that has grown gets a tombstone, also after a crash.'
  return 'Of each key the newest value is sent, at least once, in the order of versions; changes between two commits are one value.'
}

function resequenced(node: ProcessorNode): Promised {
  const by = textSetting(node, 'by') ?? 'number'
  const within = durationText(numberSetting(node, 'within') ?? 0)
  return {
    state: {
      says: 'Each record is taken in once, also after a crash, or goes to the output "late": its turn was over.',
      provided: parkedElsewhere.replace('counted', 'taken in'),
    },
    sent: {
      says: `Of each key the records are sent in ascending order of ${by}, at least once: a crash may repeat the last ones, from some number on.`,
      provided: `The records of a key come from one partition, and none later than ${within} after the first that had to wait for it.`,
      not: {
        says: `A record that comes later than ${within} has its turn: the numbers that are missing by then go to the output "gaps".`,
        because: `The setting within is ${within}, and at most ${numberSetting(node, 'most') ?? 0} records of a key wait.`,
      },
      again: 'when a record of its key comes and at the next start; all of its key behind it waits',
    },
  }
}

function scheduled({ config }: ProcessorNode): Promised {
  const isWall = config.clock === 'wall'
  return {
    state: {
      says: 'Its timers are those of a beginning of the partition, also after a crash: none is lost, and none set twice.',
      provided: parkedElsewhere.replace('counted when it comes', 'taken in when it comes'),
    },
    sent: {
      says: `A timer that is due is sent at least once, and none that was taken away in time${isWall ? '' : ': by the records and their order alone'}.`,
      provided: isWall
        ? 'The clocks of workers and producers agree; what was written has been read when the clock counts.'
        : 'Time goes on as the event times of the partition do.',
      ...(!isWall &&
        config.idle === undefined && {
          not: {
            says: 'A timer is sent when it is due by the clock: where nothing comes into the partition, it waits for the next record.',
            because: 'The setting clock is event, and idle is not given.',
          },
        }),
      again: 'at the next start',
    },
  }
}

function plainPromise(): Promised {
  return {
    state: {
      says: 'Its state is that of a beginning of the partition, also after a crash.',
      provided: parkedElsewhere,
    },
    sent: { says: 'What its state owes is sent at least once.', again: 'at the next start' },
  }
}

function provisos(provided: string | undefined, exact: boolean): { readonly provided?: string } {
  const once = 'In topics each is there once: output and acknowledgement are in one commit.'
  const all = [...(provided === undefined ? [] : [provided]), ...(exact ? [once] : [])]
  return all.length === 0 ? {} : { provided: all.join(' ') }
}
