import { listed, suggestion } from '../config/suggest.ts'
import { tablesOf, topicsOf } from '../topology/plan-graph.ts'
import { outerSources } from './given-records.ts'
import type { SourceNode, TopologyPlan } from '../topology/plan-types.ts'
import { storeNames } from './stored-state.ts'
import type { CaseFile, CaseStep, FaultScript, GivenRecord } from './case-schema.ts'

/** Something that a case names and that is not there, or is missing a name. */
export interface NameProblem {
  readonly path: readonly string[]
  readonly message: string
}

/** What the cases name: sources, topics, partitions, tables and values. Answers all that do not exist. */
export function* unknownNames(file: CaseFile, plan: TopologyPlan): Generator<NameProblem> {
  const names = new Names(plan, Object.keys(file.values))
  for (const [index, one] of file.cases.entries()) {
    for (const [number, step] of [one, ...one.then].entries()) {
      const at = ['cases', String(index), ...(number === 0 ? [] : ['then', String(number - 1)])]
      yield* names.ofStep(step, one.partitions, at)
      yield* names.ofStores(Object.keys(step.expect.state), [...at, 'expect', 'state'])
    }
  }
}

class Names {
  readonly #plan: TopologyPlan
  readonly #values: readonly string[]
  readonly #sources: readonly SourceNode[]
  /** Those that a record without `source` may be for. */
  readonly #outer: readonly SourceNode[]
  /** The tables and topics that the sinks write. */
  readonly #written: readonly string[]

  constructor(plan: TopologyPlan, values: readonly string[]) {
    const nodes = [...plan.nodes.values()]
    this.#plan = plan
    this.#values = values
    this.#sources = nodes.filter((node) => node.kind === 'source')
    this.#outer = outerSources(plan)
    this.#written = nodes.flatMap((node) =>
      node.kind === 'sink' ? [...tablesOf(node), node.definition.topic?.(node.config) ?? []].flat() : [],
    )
  }

  *ofStep(
    { given, faults }: Pick<CaseStep, 'given' | 'faults'>,
    partitions: number,
    at: readonly string[],
  ): Generator<NameProblem> {
    for (const [row, record] of given.entries())
      yield* this.#ofRecord(record, partitions, [...at, 'given', String(row)])
    for (const [row, fault] of faults.entries())
      yield* this.#ofFault(fault, partitions, [...at, 'faults', String(row)])
  }

  *ofStores(given: readonly string[], at: readonly string[]): Generator<NameProblem> {
    const known = storeNames(this.#plan)
    for (const name of given) {
      if (known.includes(name)) continue
      yield {
        path: [...at, name],
        message: `The topology has no state store "${name}"${suggestion(name, known)}`,
      }
    }
  }

  *#ofRecord(
    { source, topic, like, partition }: GivenRecord,
    partitions: number,
    at: readonly string[],
  ): Generator<NameProblem> {
    yield* this.#ofSource(source, at)
    const meant = source === undefined ? this.#outer : this.#sources.filter(({ name }) => name === source)
    if (meant.length === 1) yield* this.#ofTopic(topic, meant[0]!, at)
    if (like !== undefined && !this.#values.includes(like)) {
      const message = `There is no value "${like}" in values${suggestion(like, this.#values)}`
      yield { path: [...at, 'like'], message }
    }
    yield* ofPartition(partition, partitions, at)
  }

  *#ofSource(source: string | undefined, at: readonly string[]): Generator<NameProblem> {
    const names = this.#sources.map(({ name }) => name)
    const outer = this.#outer.map(({ name }) => name)
    if (source === undefined && outer.length > 1) {
      const message = `The topology has several sources: say which with source: ${listed(outer, 'or')}.`
      yield { path: at, message }
    }
    if (source !== undefined && !names.includes(source)) {
      const message = `The topology has no source "${source}"${suggestion(source, names)}`
      yield { path: [...at, 'source'], message }
    }
  }

  *#ofTopic(topic: string | undefined, source: SourceNode, at: readonly string[]): Generator<NameProblem> {
    const topics = topicsOf(this.#plan, source)
    if (topic === undefined && topics.length > 1) {
      const message = `The source ${source.name} reads several topics: say which with topic: ${listed(topics, 'or')}.`
      yield { path: at, message }
    }
    if (topic !== undefined && !topics.includes(topic)) {
      const message = `The source ${source.name} does not read a topic "${topic}"${suggestion(topic, topics, 'it reads')}`
      yield { path: [...at, 'topic'], message }
    }
  }

  *#ofFault(fault: FaultScript, partitions: number, at: readonly string[]): Generator<NameProblem> {
    for (const how of ['revoke', 'lose'] as const) {
      const taken = fault[how]
      if (taken === undefined) continue
      yield* this.#ofSource(taken.source, [...at, how])
      yield* ofPartition(taken.partition, partitions, [...at, how])
    }
    const to = fault.write?.to
    if (to === undefined || this.#written.includes(to)) return
    const message = `The topology writes no table or topic "${to}"${suggestion(to, this.#written, 'it writes')}`
    yield { path: [...at, 'write', 'to'], message }
  }
}

function* ofPartition(
  partition: number | undefined,
  partitions: number,
  at: readonly string[],
): Generator<NameProblem> {
  if (partition === undefined || partition < partitions) return
  const message = `There is no partition ${partition}: the case has ${partitions === 1 ? 'one, 0; say' : `${partitions}; say`} partitions: ${partition + 1}.`
  yield { path: [...at, 'partition'], message }
}
