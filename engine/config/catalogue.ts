import { z } from 'zod'
import { MillraceError } from '../errors.ts'
import { problemsOf } from './issue-text.ts'
import { configErrors } from './problems.ts'
import { readYamlFile } from './yaml-file.ts'

/** What the catalogue says of a topic. */
export interface CatalogueTopic {
  readonly partitions?: number
  /** The field whose value is the key of its records. */
  readonly key?: string
  /** Records per second, at the peak. */
  readonly rate?: number
}

// Loose: who owns a topic and who reads it is of no concern here.
const Topic = z.looseObject({
  partitions: z.int().min(1).optional(),
  key: z.string().optional(),
  rate: z.number().positive().optional(),
})
const CatalogueFile = z.looseObject({ topics: z.record(z.string(), Topic).prefault({}) })

/**
 * Reads `schemas/catalogue.yaml`: by topic, the field that is its key, its partitions and its rate. Empty where there is
 * no such file. Rejects with CONFIG_INVALID for one that is wrong.
 */
export async function readCatalogue(path: string): Promise<ReadonlyMap<string, CatalogueTopic>> {
  const yaml = await readYamlFile(path, {}).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (yaml === undefined) return new Map()
  if (yaml.problems.length > 0) throw configErrors(yaml.problems)
  const parsed = CatalogueFile.safeParse(yaml.value)
  if (parsed.success)
    return new Map(Object.entries(parsed.data.topics).map(([name, topic]) => [name, known(topic)]))
  const context = {
    schema: CatalogueFile,
    root: yaml.value,
    types: { sources: [], processors: [], sinks: [] },
    secret: () => false,
  }
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, context))
  throw configErrors(problems.map(({ path: at, message }) => ({ file: path, ...yaml.place(at), message })))
}

function known({ partitions, key, rate }: z.output<typeof Topic>): CatalogueTopic {
  return { ...(partitions && { partitions }), ...(key && { key }), ...(rate && { rate }) }
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof MillraceError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
  )
}
