import type { Clock } from '../component/contracts/clock.ts'
import type { Log } from '../component/contracts/log.ts'
import { fatalError, kindOf, sentenceOf } from '../errors.ts'
import { globalTables, sourceTopic } from '../topology/plan-facts.ts'
import type { SourceNode, TopologyPlan } from '../topology/plan-types.ts'
import { GlobalTable } from './global-table.ts'
import type { Environment } from './worker-options.ts'

/** How often it is looked for new rows, milliseconds. */
const followMs = 500

export interface GlobalTablesOptions {
  readonly plan: TopologyPlan
  readonly environment: Environment
  readonly log: Log
  readonly trouble: (sentence: string) => void
  /** An error that does not pass. */
  readonly failed: (error: unknown) => void
}

/** The global tables of a worker, kept up to date while it lives. */
export class GlobalTables {
  readonly #tables: readonly GlobalTable[]
  readonly #options: GlobalTablesOptions
  #closed = false

  /** Reads all of them to their ends. */
  static async open(options: GlobalTablesOptions): Promise<GlobalTables> {
    const { plan, environment, log, trouble } = options
    const open = async (node: string): Promise<GlobalTable> => {
      const { definition, config } = plan.nodes.get(node) as SourceNode
      const topic = sourceTopic(plan, node)
      if (topic === undefined)
        throw fatalError('PLAN_INVALID', `Source ${node} reads no topic, so that it is no table.`)
      const codec = await definition.codec(config, environment.schemas)
      return GlobalTable.open({ node, topic, codec, log, trouble })
    }
    return new GlobalTables(await Promise.all(globalTables(plan).map(open)), options)
  }

  private constructor(tables: readonly GlobalTable[], options: GlobalTablesOptions) {
    this.#tables = tables
    this.#options = options
    if (tables.length > 0) void this.#follow(options.environment.clock)
  }

  get(node: string): GlobalTable | undefined {
    return this.#tables.find((table) => table.node === node)
  }

  close(): void {
    this.#closed = true
  }

  async #follow(clock: Clock): Promise<void> {
    const { trouble, failed } = this.#options
    let told = false
    for (;;) {
      await new Promise<void>((resolve) => clock.after(followMs, resolve))
      if (this.#closed) return
      try {
        for (const table of this.#tables) await table.readOn()
        told = false
      } catch (error) {
        if (this.#closed) return
        if (kindOf(error) !== 'downstream') return failed(error)
        if (!told) trouble(`Global tables are not up to date: ${sentenceOf(error)}`)
        told = true
      }
    }
  }
}
