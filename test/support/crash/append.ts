import { openProject } from '../../../cli/project/project.ts'

const project = `${import.meta.dirname}/project`
const partitions = 3

/** A record that a story writes. */
export interface Told {
  readonly key: string
  /** null: a tombstone. */
  readonly value: object | null
  /** Event time, milliseconds since 1970. */
  readonly at: number
  /** By the key, if it is not given. */
  readonly partition?: number
}

/** Where a record went. */
export interface Place {
  readonly partition: number
  readonly offset: number
}

/** Writes records into a topic of a store, both made where they are missing; answers where each went. */
export async function append(store: string, topic: string, told: readonly Told[]): Promise<Place[]> {
  const opened = await openProject({ cwd: project, project, store })
  try {
    await opened.log.ensureTopic(topic, { partitions })
    const records = told.map(({ key, value, at, partition }) => ({
      topic,
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(JSON.stringify(value)),
      headers: [],
      timestamp: at,
      ...(partition !== undefined && { partition }),
    }))
    return (await opened.log.append(records)).map(({ partition, offset }) => ({ partition, offset }))
  } finally {
    await opened.close()
  }
}
