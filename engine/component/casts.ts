import { fatalError, MillraceError, permanentError, sentenceOf } from '../errors.ts'
import { majorOf } from './majors.ts'

/** A pure function from a value of one MAJOR of a record to the same of another. */
export type CastFunction = (value: unknown) => unknown

/** What `schemas/{topic}/{Name}.v1-v2.ts` gives. */
export interface CastFile {
  /** The folder that it is in. */
  readonly topic: string
  /** The record's name, or the full name of its family. */
  readonly name: string
  /** The older MAJOR, and the newer one. */
  readonly from: number
  readonly to: number
  /** The path as people see it. */
  readonly shown: string
  readonly up: CastFunction
  readonly down?: CastFunction | undefined
}

/** The name of a file of casts, such as `OrderCreated.v1-v2.ts`: the record's, the older MAJOR and the newer one. */
export const castFileName = /^(.+)\.v([1-9]\d{0,5})-v([1-9]\d{0,5})\.m?[jt]s$/

/** What casts are looked up by: where a file is, and what it casts. */
export type CastPlace = Pick<CastFile, 'topic' | 'name' | 'from' | 'to'>

/**
 * The files by which a record is brought from one MAJOR to another, in the order in which they are to be applied; undefined where
 * one is missing. Those of `topic` come before those of other topics, and the longest step is taken first.
 */
export function castsBetween<File extends CastPlace>(
  files: readonly File[],
  { from, to, topic }: { readonly from: string; readonly to: string; readonly topic: string },
): readonly File[] | undefined {
  const [older, newer] = [majorOf(from), majorOf(to)].toSorted((a, b) => a.major - b.major)
  const { family } = older!
  const simple = family.slice(family.lastIndexOf('.') + 1)
  const own = files
    .filter(({ name }) => name === family || name === simple)
    .toSorted((a, b) => Number(b.topic === topic) - Number(a.topic === topic) || b.to - a.to)
  const way: File[] = []
  for (let at = older!.major; at < newer!.major;) {
    const next = own.find((file) => file.from === at && file.to > at && file.to <= newer!.major)
    if (next === undefined) return undefined
    way.push(next)
    at = next.to
  }
  return majorOf(from).major <= majorOf(to).major ? way : way.toReversed()
}

/** One function of the files between two MAJORs. Throws a fatal error where there is no way. */
export function castBetween(
  files: readonly CastFile[],
  between: { readonly from: string; readonly to: string; readonly topic: string },
): CastFunction {
  const { from, to } = between
  const way = castsBetween(files, between)
  const isUp = majorOf(from).major < majorOf(to).major
  if (way === undefined) throw noWay(from, to)
  const steps = way.map((file) => stepOf(file, isUp))
  return (value) => steps.reduce((made, step) => step(made), value)
}

/** The error for records that no file of casts brings to another MAJOR. */
export function noWay(from: string, to: string): MillraceError {
  return fatalError('CONFIG_INVALID', `${noWayText(from, to)}.`)
}

/** What is missing, and the file to write. */
export function noWayText(from: string, to: string): string {
  const { family } = majorOf(from)
  const majors = [majorOf(from).major, majorOf(to).major].sort((a, b) => a - b)
  const simple = family.slice(family.lastIndexOf('.') + 1)
  return `Nothing brings a ${from} to ${to}: write schemas/{topic}/${simple}.v${majors[0]}-v${majors[1]}.ts, with the functions up and down`
}

function stepOf(file: CastFile, isUp: boolean): CastFunction {
  const name = isUp ? 'up' : 'down'
  const call = file[name]
  if (call === undefined)
    throw fatalError('CONFIG_INVALID', `${file.shown} has no function "down": export one that goes back.`)
  return (value) => {
    const made = attempt(call, value, `${file.shown} (${name})`)
    if (typeof made === 'object' && made !== null && !(made instanceof Promise)) return made
    throw permanentError(
      'PROCESSOR_FAILED',
      `${file.shown} (${name}) returned no record: a cast returns the new value, at once.`,
    )
  }
}

/** A cast is a pure function: what it refuses once it refuses always. */
function attempt(call: CastFunction, value: unknown, where: string): unknown {
  try {
    return call(value)
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw permanentError('PROCESSOR_FAILED', `${where}: ${sentenceOf(error)}`, { cause: error })
  }
}
