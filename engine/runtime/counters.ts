/** Counts of what happened at the nodes of a topology, by node and by what. */
export class Counters {
  readonly #nodes = new Map<string, Map<string, number>>()

  /** The counter of one node: cheap to call. */
  of(node: string): (what: string, by: number) => void {
    let counts = this.#nodes.get(node)
    if (counts === undefined) this.#nodes.set(node, (counts = new Map<string, number>()))
    const own = counts
    return (what, by) => {
      own.set(what, (own.get(what) ?? 0) + by)
    }
  }

  /** The sum of one count over all nodes. */
  total(what: string): number {
    let sum = 0
    for (const counts of this.#nodes.values()) sum += counts.get(what) ?? 0
    return sum
  }

  /** Every count: node, what, how many. */
  *entries(): Generator<readonly [node: string, what: string, count: number]> {
    for (const [node, counts] of this.#nodes) {
      for (const [what, count] of counts) yield [node, what, count]
    }
  }
}
