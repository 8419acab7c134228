import type { SinkWriter } from '../component/contracts/sink.ts'
import { materialize, operator, type Operator, type OperatorScope } from '../component/operator.ts'
import type { PlanNode, ProcessorNode, SinkNode, TopologyPlan } from '../topology/plan-types.ts'
import { never } from './life.ts'

/** Whether a call of a node for records of these keys never ends. */
export type Hangs = (node: string, keys: readonly (string | undefined)[]) => boolean

/** The plan with nodes whose calls hang where `hangs` says so. */
export function hangingPlan(plan: TopologyPlan, nodes: ReadonlySet<string>, hangs: Hangs): TopologyPlan {
  if (nodes.size === 0) return plan
  const wrapped = [...plan.nodes].map(([name, node]): [string, PlanNode] => {
    if (!nodes.has(name)) return [name, node]
    if (node.kind === 'processor') return [name, hangingProcessor(node, hangs)]
    return [name, node.kind === 'sink' ? hangingSink(node, hangs) : node]
  })
  return { ...plan, nodes: new Map(wrapped) }
}

function hangingProcessor(node: ProcessorNode, hangs: Hangs): ProcessorNode {
  const definition: ProcessorNode['definition'] = {
    ...node.definition,
    create(config, context) {
      const made = node.definition.create(config, context)
      return (Array.isArray(made) ? (made as readonly Operator[]) : [made as Operator]).map((one) =>
        operator((scope) => materialize(one, hangingScope(scope, hangs))),
      )
    },
  }
  return { ...node, definition }
}

/** Only work that may take time can hang: what answers at once holds the whole worker up. */
function hangingScope(scope: OperatorScope, hangs: Hangs): OperatorScope {
  const keyed: OperatorScope['keyed'] = (work) =>
    scope.keyed({
      concurrency: work.concurrency,
      work: (batch, i) => (hangs(scope.node, [batch.keyText(i)]) ? never() : work.work(batch, i)),
      done: (batch, results) => work.done(batch, results),
    })
  return new Proxy(scope, {
    get(target, name) {
      if (name === 'keyed') return keyed
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

function hangingSink(node: SinkNode, hangs: Hangs): SinkNode {
  const definition: SinkNode['definition'] = {
    ...node.definition,
    async open(config, context): Promise<SinkWriter> {
      const writer = await node.definition.open(config, context)
      return {
        order: writer.order,
        concurrency: writer.concurrency,
        maxBatch: writer.maxBatch,
        ...(writer.prepare && { prepare: writer.prepare.bind(writer) }),
        write(batch) {
          const keys = Array.from({ length: batch.length }, (_, n) =>
            batch.batchOf(n).keyText(batch.indexOf(n)),
          )
          return hangs(node.name, keys) ? never() : writer.write(batch)
        },
        close: () => writer.close(),
      }
    },
  }
  return { ...node, definition }
}
