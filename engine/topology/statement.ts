/** One thing that a topology promises, or does not. */
export interface Statement {
  /** False for what is not promised, and may be expected. */
  readonly holds: boolean
  /** What it is about: the topology, or a node. */
  readonly about: string
  /** One sentence. */
  readonly says: string
  /** Which step brings it about. */
  readonly because: string
  /** What has to be so for it; undefined = nothing else. */
  readonly provided?: string
  /** What would make it weaker, or does so already: a sentence each. */
  readonly weaker?: readonly string[]
}
