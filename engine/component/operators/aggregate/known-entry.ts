import type { Due, Emission } from '../../contracts/owing.ts'
import type { Lineage, Verdict } from '../../lineage.ts'
import type { Entry } from './entry.ts'

/** Who is told of what became of what an entry owed. */
interface Owner {
  settled(known: KnownEntry, verdict: Verdict, lineage: Lineage, row: number): void
}

/** A key (and window) as the node knows it beside its store. One thing that it owes is under way at a time: itself. */
export class KnownEntry implements Due {
  readonly id: string
  /** What is committed; undefined where there is nothing. */
  entry: Entry | undefined
  /** The version that was sent last. */
  sent = 0
  /** It may owe something: somebody is to look. */
  wanted = false
  /** It is among the deadlines. */
  timed = false
  underWay = false
  /** What is under way: the record, the version in it, and whether the entry ends with it. */
  emission: Emission | undefined
  version = 0
  final = false
  readonly #owner: Owner

  constructor(id: string, owner: Owner) {
    this.id = id
    this.#owner = owner
  }

  settle(verdict: Verdict, lineage: Lineage, row: number): void {
    this.#owner.settled(this, verdict, lineage, row)
  }

  /** True while there is a reason to know it. */
  get matters(): boolean {
    return this.entry !== undefined || this.underWay || this.timed || this.sent > 0
  }
}
