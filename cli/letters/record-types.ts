import type { Project } from '../project/contract.ts'

/** The full name of the schema with an id; null where there is no id, or no such schema. */
export type TypeOf = (schemaId: number | undefined) => Promise<string | null>

/** Looks record types up by their schema ids, each id once. A registry that is away knows none. */
export function recordTypes(project: Pick<Project, 'valueRegistry'>): TypeOf {
  const known = new Map<number, Promise<string | null>>()
  return (id) => {
    if (id === undefined) return Promise.resolve(null)
    const found = known.get(id) ?? fullNameOf(project, id)
    known.set(id, found)
    return found
  }
}

async function fullNameOf(project: Pick<Project, 'valueRegistry'>, id: number): Promise<string | null> {
  try {
    return (await (await project.valueRegistry()).load(id)).fullName
  } catch {
    return null
  }
}
