import type { ProcessorDefinition, SinkDefinition, SourceDefinition } from '../component/define.ts'
import type { GraphNode } from './graph.ts'
import type { FilePosition } from './plan-types.ts'

interface Checked<Kind extends GraphNode['kind'], Definition> extends GraphNode {
  readonly kind: Kind
  readonly type: string
  readonly definition: Definition
  readonly config: Readonly<Record<string, unknown>>
  readonly fieldPositions?: Readonly<Record<string, FilePosition>>
}

/** A node whose settings are checked; engine/config makes these from files. */
export type PlannableNode =
  | Checked<'source', SourceDefinition>
  | Checked<'processor', ProcessorDefinition>
  | Checked<'sink', SinkDefinition>
