import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { castFileName, type CastFile, type CastFunction } from '../component/casts.ts'
import { importOwnFile, problemIn, type OwnProblem } from './own-file.ts'

/** The casts of a project, and what is wrong with files of them. */
export interface OwnCasts {
  readonly files: readonly CastFile[]
  readonly problems: readonly OwnProblem[]
}

/** Loads `schemas/{topic}/{Name}.v1-v2.ts` of the project that a topology's file is in. Topics without casts cost nothing. */
export async function loadOwnCasts(topology: string): Promise<OwnCasts> {
  const files: CastFile[] = []
  const problems: OwnProblem[] = []
  for (const { topic, path, parts } of await castPaths(topology)) {
    const loaded = await importOwnFile(topology, path)
    if ('message' in loaded) {
      problems.push(loaded)
      continue
    }
    const { up, down } = loaded.exports
    const [, name = '', from, to] = parts
    const wrong = wrongWith(Number(from), Number(to), up, down)
    if (wrong !== undefined) problems.push(problemIn(loaded, wrong))
    else
      files.push({
        ...{ topic, name, from: Number(from), to: Number(to), shown: loaded.shown },
        ...{ up: up as CastFunction, down: down as CastFunction | undefined },
      })
  }
  return { files, problems }
}

function wrongWith(from: number, to: number, up: unknown, down: unknown): string | undefined {
  if (from >= to) return `The file goes from MAJOR ${from} to ${to}: name it after the older one first.`
  if (typeof up !== 'function')
    return 'The file exports no function "up": export one from the older MAJOR to the newer.'
  return down === undefined || typeof down === 'function' ? undefined : 'The export "down" is not a function.'
}

interface CastPath {
  readonly topic: string
  readonly path: string
  readonly parts: RegExpExecArray
}

async function castPaths(topology: string): Promise<CastPath[]> {
  const folder = resolve(dirname(topology))
  for (const schemas of [join(folder, '..', 'schemas'), join(folder, 'schemas')]) {
    const topics = (await list(schemas)).filter((entry) => entry.isDirectory())
    if (topics.length === 0) continue
    const found = topics.map(async ({ name: topic }) =>
      (await list(join(schemas, topic))).flatMap((file): CastPath[] => {
        const parts = castFileName.exec(file.name)
        return parts === null ? [] : [{ topic, path: join(schemas, topic, file.name), parts }]
      }),
    )
    return (await Promise.all(found)).flat()
  }
  return []
}

async function list(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
