import type { SinkWriter } from '../component/contracts/sink.ts'
import type { Operator } from '../component/operator.ts'
import { tableOfRecords } from '../component/operators/table.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import { fatalError } from '../errors.ts'
import { fedBy, tableSources } from '../topology/plan-facts.ts'
import type { PlanNode, ProcessorNode, SubTopology, TopologyPlan } from '../topology/plan-types.ts'
import type { Breakers } from './breaker.ts'
import type { StageContext } from './lanes.ts'
import { OperatorStage, type OperatorServices } from './operator-stage.ts'
import type { Outbox } from './outbox.ts'
import { Port, type Receiver } from './port.ts'
import { SinkStage } from './sink-stage.ts'

/** What the graph of a task is made with. */
export interface GraphServices {
  context(node: string): StageContext
  operators(node: ProcessorNode): readonly Operator[]
  /** All that an operator needs but its side outputs. */
  services(node: string): Omit<OperatorServices, 'side'>
  writer(node: string): SinkWriter
  /** Where sinks put what they would append, in an exactly-once topology. */
  readonly outbox: Outbox | undefined
}

/** The nodes of one sub-topology in one task, connected. Batches go in at a source and are pushed through. */
export class TaskGraph {
  readonly #ports = new Map<string, Map<string | undefined, Port>>()
  readonly #operators: OperatorStage[] = []
  readonly #sinks: SinkStage[] = []
  readonly #plan: TopologyPlan
  readonly #fed = new Map<string, readonly string[]>()

  constructor(plan: TopologyPlan, sub: SubTopology, services: GraphServices) {
    this.#plan = plan
    for (const source of tableSources(plan, sub))
      this.#port(source, undefined).connect(this.#table(source, services))
    for (const name of sub.nodes) {
      const node = plan.nodes.get(name)!
      const receiver = this.#build(node, services)
      if (receiver === undefined) continue
      for (const { node: from, output, table } of node.from)
        if (table === undefined) this.#port(from, output).connect(receiver)
    }
  }

  #build(node: PlanNode, services: GraphServices): Receiver | undefined {
    if (node.kind === 'source') return undefined
    const context = services.context(node.name)
    if (node.kind === 'sink') {
      const stage = new SinkStage(services.writer(node.name), context, services.outbox)
      this.#sinks.push(stage)
      return (batch) => stage.receive(batch)
    }
    return this.#chain(node, services.operators(node), context, services.services(node.name))
  }

  /** Where the records of a source become rows. Made before the nodes that join it. */
  #table(source: string, services: GraphServices): Receiver {
    const nothing = (): void => undefined
    const own = { ...services.services(source), side: nothing }
    const stage = new OperatorStage(tableOfRecords(), services.context(source), own, nothing)
    this.#operators.push(stage)
    return (batch) => stage.receive(batch)
  }

  /** The operators of a node, one after the other; the last one feeds the node's main output. */
  #chain(
    node: ProcessorNode,
    operators: readonly Operator[],
    context: StageContext,
    services: Omit<OperatorServices, 'side'>,
  ): Receiver {
    const main = this.#port(node.name, undefined)
    const side = (output: string, batch: RecordBatch): void => this.#port(node.name, output).emit(batch)
    let next: Receiver = (batch) => main.emit(batch)
    for (const made of [...operators].reverse()) {
      const stage = new OperatorStage(made, context, { ...services, side }, next)
      this.#operators.push(stage)
      next = (batch) => stage.receive(batch)
    }
    return next
  }

  #port(node: string, output: string | undefined): Port {
    let outputs = this.#ports.get(node)
    if (outputs === undefined) this.#ports.set(node, (outputs = new Map<string | undefined, Port>()))
    let port = outputs.get(output)
    if (port === undefined) outputs.set(output, (port = new Port(node, output)))
    return port
  }

  /**
   * True while what is behind a node is left alone to which this source sends, and which has records of this task. Who has
   * nothing there takes some in, to be tried: what is away for others may be there for these.
   */
  isHeld(source: string, breakers: Breakers): boolean {
    const fed = this.#fed.get(source) ?? fedBy(this.#plan, source)
    this.#fed.set(source, fed)
    return fed.some((node) => breakers.holds(node) && this.#heldAt(node) > 0)
  }

  /** Records that a node works on, or that wait there. */
  #heldAt(name: string): number {
    let held = 0
    for (const { node, held: own } of [...this.#sinks, ...this.#operators]) if (node === name) held += own
    return held
  }

  /** Sends a batch out of a source. */
  push(source: string, batch: RecordBatch): void {
    this.#port(source, undefined).emit(batch)
  }

  /** Throws CONSERVATION_BROKEN if a node lost or doubled a record. To be asked when nothing is under way. */
  checkConservation(): void {
    for (const stage of this.#operators) {
      if (stage.balance === 0) continue
      throw fatalError(
        'CONSERVATION_BROKEN',
        `Node ${stage.node} let ${Math.abs(stage.balance)} records ${stage.balance > 0 ? 'vanish' : 'through twice'}: ` +
          'its component neither emitted nor dropped each record exactly once.',
      )
    }
  }

  close(): void {
    for (const stage of [...this.#operators, ...this.#sinks]) stage.close()
  }
}
