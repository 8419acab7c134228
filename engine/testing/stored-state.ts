import type { StateBlock, StoreRef } from '../component/contracts/commit.ts'
import { taskId } from '../runtime/task-options.ts'
import { readIdBlock } from '../state/id-blocks.ts'
import { ENTRY_WORDS, INPUT_MASK, META, OFFSET_HIGH, OFFSET_LOW, REMOVAL } from '../state/id-entry.ts'
import { jsonValues, readPairs } from '../state/key-value-blocks.ts'
import { sourceTopic, storesOf } from '../topology/plan-facts.ts'
import type { PlanNode, SubTopology, TopologyPlan } from '../topology/plan-types.ts'
import type { Place } from './place.ts'

/** A store of a topology. */
interface KnownStore {
  readonly ref: StoreRef
  readonly node: PlanNode
  readonly sub: SubTopology
}

/** An entry of a store, as cases expect it. */
export type StoredEntry = Readonly<Record<string, unknown>>

/** The names of a topology's stores. */
export function storeNames(plan: TopologyPlan): string[] {
  return knownStores(plan).map(({ ref }) => ref.name)
}

function knownStores(plan: TopologyPlan): KnownStore[] {
  return plan.subTopologies.flatMap((sub) =>
    sub.nodes.flatMap((name) =>
      storesOf(plan, { ...sub, nodes: [name] }).map((ref) => ({ ref, node: plan.nodes.get(name)!, sub })),
    ),
  )
}

/**
 * What a store holds in all partitions, as it was committed last: of ids the positions that they came from, of values by
 * key what their node says of them. The store is one of `storeNames`. `partitions` are those of topics that are not the
 * topology's own.
 */
export async function storedEntries(
  plan: TopologyPlan,
  name: string,
  { partitions, place }: { readonly partitions: number; readonly place: Place },
): Promise<StoredEntry[]> {
  const store = knownStores(plan).find(({ ref }) => ref.name === name)!
  const all: StoredEntry[] = []
  const topics = store.sub.sources.map((source) => sourceTopic(plan, source))
  const own = plan.ownTopics.find(({ topic }) => topics.includes(topic))
  for (let partition = 0; partition < (own?.partitions ?? partitions); partition++) {
    const task = taskId({ plan, sub: store.sub, partition })
    const blocks = await place.state({ task, partition, group: plan.name }, store.ref)
    const entries = store.ref.kind === 'ids' ? idsOf(blocks, plan, store) : valuesOf(blocks, store)
    for (const entry of entries) all.push({ partition, ...entry })
  }
  return all
}

/** Ids are known by fingerprints, which tell nothing: each is shown as the position that it came from. */
function idsOf(blocks: readonly StateBlock[], plan: TopologyPlan, { ref, sub }: KnownStore): StoredEntry[] {
  const topics = sub.sources.map((source) => sourceTopic(plan, source))
  const known = new Map<string, StoredEntry>()
  for (const block of blocks) {
    readIdBlock(block, ref.name, (words) => {
      for (let at = 0; at < words.length; at += ENTRY_WORDS) {
        const meta = words[at + META]!
        const input = meta & INPUT_MASK
        const offset = words[at + OFFSET_HIGH]! * 0x100000000 + (words[at + OFFSET_LOW]! >>> 0)
        const id = `${words.subarray(at, at + OFFSET_LOW).join()}/${input}/${offset}`
        if ((meta & REMOVAL) !== 0) known.delete(id)
        else known.set(id, { topic: topics[input], offset })
      }
    })
  }
  return [...known.values()]
}

function valuesOf(blocks: readonly StateBlock[], { ref, node }: KnownStore): StoredEntry[] {
  const values = new Map<string, unknown>()
  for (const block of blocks) {
    readPairs(block, ref.name, (key, bytes) => {
      if (bytes === undefined) values.delete(key)
      else values.set(key, jsonValues.unpack(bytes))
    })
  }
  return [...values].flatMap(([key, value]): StoredEntry[] => {
    const entry = shown(node, ref.name, key, value)
    return entry === undefined ? [] : [entry]
  })
}

function shown(node: PlanNode, store: string, key: string, value: unknown): StoredEntry | undefined {
  if (node.kind === 'processor' && node.definition.shows !== undefined)
    return node.definition.shows(node.config, { store, key, value })
  // Keys of records are bytes, one for each character.
  return { key: Buffer.from(key, 'latin1').toString('utf8'), value }
}
