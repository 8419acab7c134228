import type { LookedUpCell } from './compare.ts'
import type { LookedUpCounts } from './result.ts'
import type { ComparedTable } from './tables.ts'

/** Counts the looked-up cells of all tables. */
export class LookedUp {
  readonly #byTable: ReadonlyMap<ComparedTable, ReadonlyMap<number, LookedUpCounts>>

  constructor(tables: readonly ComparedTable[]) {
    this.#byTable = new Map(tables.map((table) => [table, columnsOf(table)]))
  }

  count(table: ComparedTable, cells: readonly LookedUpCell[]): void {
    for (const { column, same } of cells) {
      const counts = this.#byTable.get(table)!.get(column)!
      if (same) counts.same++
      else counts.other++
    }
  }

  get counts(): LookedUpCounts[] {
    return [...this.#byTable.values()].flatMap((columns) => [...columns.values()])
  }
}

function columnsOf({ schema, columns, enriched }: ComparedTable): Map<number, LookedUpCounts> {
  const looked = [...columns].filter(([, number]) => enriched.has(number))
  return new Map(
    looked.map(([name, number]) => [number, { column: `${schema.name}.${name}`, same: 0, other: 0 }]),
  )
}
