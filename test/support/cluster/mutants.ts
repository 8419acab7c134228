/** A defect that somebody could make in the engine. */
export interface ClusterMutant {
  readonly name: string
  readonly changes: readonly {
    /** Path in the repository. */
    readonly file: string
    readonly replace: readonly (readonly [from: string, to: string])[]
  }[]
}

export const clusterMutants: readonly ClusterMutant[] = []
