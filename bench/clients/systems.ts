import type { System } from './system.ts'
import { cSystems } from './systems-c.ts'
import { javaSystems } from './systems-java.ts'
import { nodeSystems } from './systems-node.ts'

/** All clients that are measured, in the order in which they take turns. */
export const systems: readonly System[] = [...nodeSystems, ...cSystems, ...javaSystems]
