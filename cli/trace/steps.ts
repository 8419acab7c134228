import { Observable } from 'rxjs'
import { sighting, type IdStore, type Sighting } from '../../engine/component/contracts/state.ts'
import type { ProcessorDefinition } from '../../engine/component/define.ts'
import {
  materialize,
  operator,
  type KeyedWork,
  type Operator,
  type OperatorScope,
} from '../../engine/component/operator.ts'
import type { RecordBatch } from '../../engine/component/record-batch.ts'
import { sentenceOf } from '../../engine/errors.ts'
import type { PlanNode, ProcessorNode, TopologyPlan } from '../../engine/topology/plan-types.ts'

/** What a node did with a record. A node that made several of one has a step for each. */
export interface Step {
  readonly node: string
  /** `passed` on its main output, `sent` to a side output, `counted` into the state of a node that commits first. */
  readonly verdict: 'passed' | 'sent' | 'dropped' | 'failed' | 'counted'
  /** The side output of what was sent. */
  readonly output?: string
  /** Why it was dropped. */
  readonly reason?: string
  /** The sentence of the error. */
  readonly error?: string
  /** What the node's id store answered. */
  readonly id?: 'fresh' | 'replay' | 'duplicate' | 'pending' | 'conflict'
  /** The value that it made; absent where it is still the one that came in. */
  readonly value?: unknown
}

/** Gets each step, in order for each record. */
export type TellStep = (
  at: { readonly topic: string; readonly partition: number; readonly offset: number },
  step: Step,
) => void

/**
 * The plan with every processor telling what it does. Nodes that commit first take records and send nothing: what they
 * send is made of many records, so that nothing can be said of what stands behind them.
 */
export function tellingPlan(plan: TopologyPlan, tell: TellStep): TopologyPlan {
  const nodes = new Map<string, PlanNode>()
  for (const node of plan.nodes.values())
    nodes.set(node.name, node.kind === 'processor' ? tellingNode(node, tell) : node)
  return { ...plan, nodes }
}

function tellingNode(node: ProcessorNode, tell: TellStep): ProcessorNode {
  const { definition } = node
  if (definition.commitsFirst === true) return { ...node, definition: countingDefinition(node, tell) }
  const told: ProcessorDefinition = {
    ...definition,
    create(config, context) {
      const made = [definition.create(config, context)].flat()
      const seen: Seen = new Map()
      return made.map((one, n) => tellingOperator(one, node.name, n === made.length - 1, seen, tell))
    },
  }
  return { ...node, definition: told }
}

function countingDefinition({ definition, name: node }: ProcessorNode, tell: TellStep): ProcessorDefinition {
  return {
    ...definition,
    // Its state is not touched.
    stores: () => [],
    commitsFirst: false,
    create: () =>
      operator(
        (scope) => (input) =>
          new Observable(() =>
            input.subscribe((batch) => {
              for (let i = 0; i < batch.length; i++) tell(positionOf(batch, i), { node, verdict: 'counted' })
              scope.absorb(batch)
            }),
          ),
      ),
  }
}

/** What the node's id store answered, by offset. */
type Seen = Map<number, Step['id']>

function tellingOperator(made: Operator, node: string, last: boolean, seen: Seen, tell: TellStep): Operator {
  return operator((scope) => {
    const say = (batch: RecordBatch, i: number, step: Omit<Step, 'node'>): void => {
      const id = seen.get(batch.offset(i))
      const value = batch.values === undefined ? undefined : batch.values[i]
      tell(positionOf(batch, i), { node, ...step, ...(id && { id }), ...(value !== undefined && { value }) })
    }
    const inner = materialize(made, tellingScope(scope, seen, say))
    return (input) =>
      new Observable((output) =>
        inner(input).subscribe((batch) => {
          if (last) for (let i = 0; i < batch.length; i++) say(batch, i, { verdict: 'passed' })
          output.next(batch)
        }),
      )
  })
}

type Say = (batch: RecordBatch, i: number, step: Omit<Step, 'node'>) => void

/** The scope, telling what passes through it. */
function tellingScope(scope: OperatorScope, seen: Seen, say: Say): OperatorScope {
  return {
    node: scope.node,
    clock: scope.clock,
    fingerprint: scope.fingerprint,
    get holding() {
      return scope.holding
    },
    hold: (batch, i) => scope.hold(batch, i),
    follow: (batch, i) => scope.follow(batch, i),
    table: (source) => scope.table(source),
    types: () => scope.types(),
    retain: (batch, i, tokens) => scope.retain(batch, i, tokens),
    store: (name) => scope.store(name),
    owe: (owing) => scope.owe(owing),
    isReleased: (batch) => scope.isReleased(batch),
    inputOf: (batch) => scope.inputOf(batch),
    reach: (point) => scope.reach(point),
    count: (what, by) => scope.count(what, by),
    ids: (windowMs) => tellingIds(scope.ids(windowMs), seen),
    keyed: (work) => scope.keyed(tellingWork(work, say)),
    drop(batch, i, reason) {
      say(batch, i, { verdict: 'dropped', reason })
      scope.drop(batch, i, reason)
    },
    fail(batch, i, error) {
      say(batch, i, { verdict: 'failed', error: sentenceOf(error) })
      scope.fail(batch, i, error)
    },
    side(output, batch) {
      for (let i = 0; i < batch.length; i++) say(batch, i, { verdict: 'sent', output })
      scope.side(output, batch)
    },
    absorb(batch) {
      for (let i = 0; i < batch.length; i++) say(batch, i, { verdict: 'counted' })
      scope.absorb(batch)
    },
  }
}

function tellingWork(work: KeyedWork, say: Say): KeyedWork {
  const failed = (batch: RecordBatch, i: number, error: unknown): never => {
    say(batch, i, { verdict: 'failed', error: sentenceOf(error) })
    throw error
  }
  return {
    concurrency: work.concurrency,
    done: (batch, results) => work.done(batch, results),
    work(batch, i) {
      try {
        const result = work.work(batch, i)
        return result instanceof Promise ? result.catch((error: unknown) => failed(batch, i, error)) : result
      } catch (error) {
        return failed(batch, i, error)
      }
    },
  }
}

const sightingNames: Readonly<Record<Sighting, 'fresh' | 'replay' | 'duplicate' | 'pending'>> = {
  [sighting.fresh]: 'fresh',
  [sighting.replay]: 'replay',
  [sighting.duplicate]: 'duplicate',
  [sighting.pending]: 'pending',
}

/** The id store, telling what it answers. Everything else goes to the store itself. */
function tellingIds(ids: IdStore, seen: Seen): IdStore {
  return new Proxy(ids, {
    get(target, name) {
      if (name === 'see')
        return (...given: Parameters<IdStore['see']>): Sighting => {
          const found = target.see(...given)
          const conflict = target.bodyDiffers && (found === sighting.duplicate || found === sighting.pending)
          seen.set(given[1], conflict ? 'conflict' : sightingNames[found])
          return found
        }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
}

function positionOf(batch: RecordBatch, i: number): { topic: string; partition: number; offset: number } {
  return { topic: batch.topic, partition: batch.partition, offset: batch.offset(i) }
}
