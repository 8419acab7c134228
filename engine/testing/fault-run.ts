import type { CommitOutcome, SealedCommit } from '../component/contracts/commit.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { Point } from '../component/points.ts'
import { downstreamError, fatalError, type MillraceError, recordError } from '../errors.ts'
import type { FaultScript } from './case-schema.ts'
import { differsFrom } from './compare.ts'

/** A fault, and how far it is. */
interface Running {
  readonly script: FaultScript
  /** How often its occasion came, and how often it happened. */
  seen: number
  happened: number
}

/** What a write meets. */
export interface WriteFault {
  readonly outcome: 'unavailable' | 'refused'
  /** True where it is carried out all the same. */
  readonly stored: boolean
  /** Whether a row is one that the fault is about. */
  readonly hits: (row: Readonly<Record<string, unknown>>) => boolean
  readonly error: MillraceError
}

/** Readers hear of a loss so much later than the commit that met it, milliseconds. */
const lossKnownAfter = 1000

/** The faults of one step while it runs: says what goes wrong, and knows what has not happened. */
export class FaultRun {
  readonly #faults: readonly Running[]
  readonly #topicsOf: (source: string | undefined) => readonly string[]
  readonly #until: number
  /** Partitions that a commit was told to be lost, and their readers were not yet. */
  #lost: (TopicPartition & { readonly toldAt: number })[] = []

  /** `now` is the beginning of the step; `topicsOf` finds the topics of a source, or of the only one. */
  constructor(
    scripts: readonly FaultScript[],
    now: number,
    topicsOf: (source: string | undefined) => readonly string[],
  ) {
    this.#faults = scripts.map((script) => ({ script, seen: 0, happened: 0 }))
    this.#topicsOf = topicsOf
    this.#until = now + Math.max(0, ...scripts.map(({ registry }) => registry?.away ?? 0))
  }

  /** True if the worker dies at this point. */
  crashes(point: Point): boolean {
    let dies = false
    for (const fault of this.#faults) {
      const { crash } = fault.script
      if (crash?.at !== point || fault.happened > 0 || ++fault.seen < crash.nth) continue
      fault.happened++
      dies = true
    }
    return dies
  }

  /** How a commit is made to end, at this time; undefined where nothing happens to it. */
  commit(
    { tasks }: SealedCommit,
    now: number,
  ): { readonly outcome: CommitOutcome; readonly stored: boolean } | undefined {
    for (const fault of this.#faults) {
      const { commit } = fault.script
      if (commit === undefined || ++fault.seen < commit.nth || fault.happened >= commit.times) continue
      fault.happened++
      if (commit.outcome === 'lost') {
        const toldAt = now + lossKnownAfter
        this.#lost.push(...tasks.flatMap(({ positions }) => positions.map((one) => ({ ...one, toldAt }))))
        return { outcome: { outcome: 'lost', tasks: tasks.map(({ task }) => task) }, stored: false }
      }
      const error =
        commit.outcome === 'fenced'
          ? fatalError('FENCED', 'The test case says that another worker has taken over.')
          : downstreamError('COMMIT_FAILED', `The test case says that this commit is ${commit.outcome}.`)
      return { outcome: { outcome: commit.outcome, error }, stored: commit.stored }
    }
    return undefined
  }

  /** What a write of these rows to a table or topic meets. */
  write(to: string, rows: readonly Readonly<Record<string, unknown>>[]): WriteFault | undefined {
    for (const fault of this.#faults) {
      const { write } = fault.script
      if (write?.to !== to || fault.happened >= write.times) continue
      const hits = (row: Readonly<Record<string, unknown>>): boolean =>
        write.where === undefined || differsFrom(write.where, row) === undefined
      if (!rows.some(hits)) continue
      fault.happened++
      const { outcome, stored } = write
      const error =
        outcome === 'refused'
          ? recordError('ROW_REFUSED', `The test case says that ${to} refuses this row.`)
          : downstreamError('TIMED_OUT', `The test case says that ${to} does not answer.`)
      return { outcome, stored, hits, error }
    }
    return undefined
  }

  /** True for a call of a node, with records of these keys, that never ends. */
  hangs(node: string, keys: readonly (string | undefined)[]): boolean {
    for (const fault of this.#faults) {
      const { hang } = fault.script
      if (hang?.node !== node || fault.happened >= hang.times) continue
      if (hang.key !== undefined && !keys.includes(hang.key)) continue
      fault.happened++
      return true
    }
    return false
  }

  /** Partitions that go after these records were delivered: offsets up to `last` of one partition. */
  taken({ topic, partition }: TopicPartition, last: number): 'revoke' | 'lose' | undefined {
    for (const fault of this.#faults) {
      for (const how of ['revoke', 'lose'] as const) {
        const what = fault.script[how]
        if (what === undefined || fault.happened > 0 || last < what.offset) continue
        if (what.partition !== partition || !this.#topicsOf(what.source).includes(topic)) continue
        fault.happened++
        return how
      }
    }
    return undefined
  }

  /** The partitions of these topics that a commit was told to be lost a while ago, once. */
  lost(topics: readonly string[], now: number): readonly TopicPartition[] {
    if (this.#lost.length === 0) return []
    const own = this.#lost.filter(({ topic, toldAt }) => toldAt <= now && topics.includes(topic))
    if (own.length > 0) this.#lost = this.#lost.filter((one) => !own.includes(one))
    return own.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** Throws a downstream error while the registry is away. */
  askRegistry(now: number): void {
    if (now >= this.#until) return
    for (const fault of this.#faults) if (fault.script.registry !== undefined) fault.happened++
    throw downstreamError('REGISTRY_UNAVAILABLE', 'The test case says that the schema registry is away.')
  }

  /** The faults that never happened, in words: a case that relies on one of them shows nothing. */
  unhappened(): string[] {
    return this.#faults.flatMap(({ script, happened }) => (happened > 0 ? [] : [wordsOf(script)]))
  }
}

function wordsOf({ crash, revoke, lose, commit, write, hang }: FaultScript): string {
  if (crash !== undefined) return `the crash at ${crash.at} (time ${crash.nth})`
  if (revoke !== undefined) return `the revocation at offset ${revoke.offset}`
  if (lose !== undefined) return `the loss at offset ${lose.offset}`
  if (commit !== undefined) return `the commit that is ${commit.outcome}`
  if (write !== undefined) return `the write to ${write.to} that is ${write.outcome}`
  if (hang !== undefined) return `the call of ${hang.node} that hangs`
  return 'the absence of the registry'
}
