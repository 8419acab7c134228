import type { PlanNode } from './plan-types.ts'

/** A field that a node reads, and the setting that names it as far as it is plainly there. */
export interface ReadField {
  readonly path: string
  readonly field: string | undefined
}

/** The fields of the value that a node reads, each once; of a source its event time. */
export function readBy(node: PlanNode): readonly ReadField[] {
  return [...new Set(pathsOf(node))].map((path) => ({ path, field: settingOf(node, path) }))
}

function pathsOf(node: PlanNode): readonly string[] {
  if (node.kind !== 'source') return node.definition.reads?.(node.config) ?? []
  const time = node.definition.eventTime?.(node.config)
  return time === undefined ? [] : [time]
}

function settingOf(node: PlanNode, path: string): string | undefined {
  return Object.keys(node.config).find((name) => JSON.stringify(node.config[name]).includes(`"${path}"`))
}
