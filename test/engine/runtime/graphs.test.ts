import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Bench, withBench, type TestInput } from '../../support/harness.ts'
import { randomGraph, type RandomGraph } from '../../support/harness-graphs.ts'
import { Random } from '../../support/harness-records.ts'
import { Judge } from '../../support/model-judge.ts'

const graphs = Number(process.env.GRAPHS ?? 60)

interface Trouble {
  readonly bad?: number
  readonly shaky?: number
  readonly refused?: number
  readonly twins?: number
  readonly then?: 'park' | 'skip'
}

function inputs(
  random: Random,
  graph: RandomGraph,
  { bad = 0, shaky = 0, twins = 0.1 }: Trouble,
): TestInput[] {
  const made: TestInput[] = []
  for (let n = 0; n < 40; n++) {
    const key = random.chance(0.15) ? null : `k${random.below(4)}`
    const node = random.pick(graph.nodes)
    const fails = random.chance(bad)
      ? { [node]: random.chance(0.5) ? -1 : 1000 }
      : random.chance(shaky)
        ? { [node]: 1 + random.below(2) }
        : undefined
    const twin = made.length > 0 && random.chance(twins) ? random.pick(made) : undefined
    made.push(twin !== undefined && twin.key !== null ? twin : { id: `e${n}`, key, ...(fails && { fails }) })
  }
  return made
}

/** Effects of each record, by offset. */
function effectsBy(bench: Bench): Map<number, string[]> {
  const by = new Map<number, string[]>()
  for (const { node, path, offset } of bench.world.effects)
    by.set(offset, [...(by.get(offset) ?? []), `${node} ${path}`])
  return by
}

async function play(
  seed: number,
  trouble: Trouble,
  use: (run: GraphRun) => Promise<void> | void,
): Promise<void> {
  const graph = randomGraph(seed, trouble.then)
  await withBench(new Bench(seed, graph.yaml, { partitions: 1 }), async (bench) => {
    bench.world.faults.refused = trouble.refused ?? 0
    const judge = new Judge(bench, 'unique')
    const records = inputs(new Random(seed), graph, trouble)
    if (trouble.then === 'skip')
      for (const [n, { fails }] of records.entries()) if (fails) judge.discarded.add(`0@${n}`)
    const one = bench.cluster.start()
    for (let at = 0; at < records.length; at += 10) {
      bench.produce(records.slice(at, at + 10), 0)
      for (let n = 0; n < 3; n++) await bench.cluster.step()
    }
    const run = { graph, bench, judge, records, settle: () => settle(bench, judge, one) }
    await run.settle()
    await use(run)
    await bench.cluster.stop()
    expect(one.error).toBeUndefined()
    judge.effects()
    judge.letters()
    expect(judge.wrong).toEqual([])
  })
}

interface GraphRun {
  readonly graph: RandomGraph
  readonly bench: Bench
  readonly judge: Judge
  readonly records: readonly TestInput[]
  settle(): Promise<void>
}

/** Waits until all is committed: then nothing may be under way or pinned. */
async function settle(bench: Bench, judge: Judge, one: ReturnType<Bench['cluster']['start']>): Promise<void> {
  const { topics } = bench.cluster
  const end = topics.lastStable({ topic: 'in', partition: 0 })
  await bench.cluster.until(
    () =>
      one.over ||
      Array.from({ length: end }).every((_, at) => judge.covered({ topic: 'in', partition: 0 })(at)),
  )
  expect(one.error).toBeUndefined()
  expect(one.worker.pinned.now).toBe(0)
  for (const task of one.worker.tasks) {
    expect(task.open).toBe(0)
    task.checkConservation()
  }
}

/** The offset at which each id stands first. */
function firsts(records: readonly TestInput[]): Set<number> {
  return new Set(new Map([...records.entries()].reverse().map(([offset, { id }]) => [id, offset])).values())
}

const seeds = fc.integer({ min: 0, max: 1e9 })
const check = (trouble: Trouble, use: (run: GraphRun) => Promise<void> | void): Promise<void> =>
  fc.assert(
    fc.asyncProperty(seeds, (seed) => play(seed, trouble, use)),
    { numRuns: graphs, endOnFailure: true },
  )

describe('random graphs of operators conserve records, order and pinned bytes', () => {
  test.each<[string, Trouble]>([
    ['without trouble', {}],
    ['with throws that pass', { shaky: 0.3 }],
  ])(
    '%s: exactly the effects that a plain walk through the graph has',
    async (_name, trouble) => {
      await check(trouble, ({ graph, bench, records }) => {
        const by = effectsBy(bench)
        const first = firsts(records)
        for (const offset of records.keys()) {
          const expected = first.has(offset) ? graph.effectsOf(offset) : []
          expect([offset, (by.get(offset) ?? []).toSorted()]).toEqual([offset, expected.toSorted()])
        }
      })
    },
    300_000,
  )

  test('with parking: the same for all that is no letter, and no follower overtakes', async () => {
    await check({ bad: 0.1, shaky: 0.1, refused: 0.03 }, ({ graph, bench, records }) => {
      const by = effectsBy(bench)
      const letters = new Set(bench.letters())
      const first = firsts(records)
      for (const offset of records.keys()) {
        const had = by.get(offset) ?? []
        const expected = first.has(offset) ? graph.effectsOf(offset) : []
        if (!letters.has(offset)) expect([offset, had.toSorted()]).toEqual([offset, expected.toSorted()])
        else for (const effect of had) expect(expected).toContain(effect)
      }
    })
  }, 300_000)

  test('with parking and release: in the end everything has its effects', async () => {
    await check({ bad: 0.1, shaky: 0.1 }, async (given) => {
      const { graph, bench, records } = given
      bench.world.mended = true
      for (const key of new Set(bench.parked().map((one) => one.key))) bench.command(0, key, 'release')
      bench.produce(
        records.slice(0, 5).map((one, n) => ({ ...one, id: `late${n}` })),
        0,
      )
      const closed = (): boolean =>
        bench
          .parked()
          .every(
            ({ offset }) =>
              bench.cluster.commits.position('graph', { topic: bench.parkedTopic, partition: 0 })!.offset >
              offset,
          )
      if (bench.parked().length > 0) await bench.cluster.until(closed)
      await given.settle()
      const by = effectsBy(bench)
      for (const offset of firsts(records)) {
        expect(new Set(by.get(offset) ?? [])).toEqual(new Set(graph.effectsOf(offset)))
      }
    })
  }, 300_000)

  test('with skips: what was skipped frees its id, and the rest is as it should be', async () => {
    await check({ bad: 0.1, twins: 0, then: 'skip' }, ({ graph, bench, judge, records }) => {
      const by = effectsBy(bench)
      for (const [offset, { fails }] of records.entries()) {
        const had = by.get(offset) ?? []
        const whole = graph.effectsOf(offset)
        if (fails === undefined) expect(had.toSorted()).toEqual(whole.toSorted())
        else if (had.length < whole.length) expect(judge.known(0)).not.toContain(offset)
      }
    })
  }, 300_000)
})
