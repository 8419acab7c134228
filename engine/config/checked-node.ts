import type { ComponentDefinition, Registry } from '../component/define.ts'
import { valueAtPath } from './issue-text.ts'
import type { NamedNode } from './references.ts'
import type { Section } from './topology-schema.ts'

/** Checks one node by itself, so that the references to it can be judged while other nodes are wrong. */
export function checkedAlone(section: Section, name: string, root: unknown, registry: Registry): NamedNode {
  const node = valueAtPath(root, [section, name])
  const type = valueAtPath(node, ['type'])
  const components: Readonly<Record<string, ComponentDefinition>> = registry[section]
  const definition =
    typeof type === 'string' && Object.hasOwn(components, type) ? components[type] : undefined
  if (definition === undefined) return { section, name, definition, config: undefined }
  const { type: _type, from, ...own } = node as Record<string, unknown>
  const settings: unknown = section === 'sources' && from !== undefined ? { ...own, from } : own
  const checked = (definition.config as { safeParse(value: unknown): SafeParsed }).safeParse(settings)
  return { section, name, definition, config: checked.success ? checked.data : undefined }
}

interface SafeParsed {
  readonly success: boolean
  readonly data?: Readonly<Record<string, unknown>>
}
