import { describe, expect, test } from '@jest/globals'
import { topic } from '../../../sinks/topic.ts'
import { Bench, withBench, type TestInput } from '../../support/harness.ts'
import type { ClusterOptions } from '../../support/model-cluster.ts'

const yaml = `
name: orders
sources: { in: { type: topic, topic: in, format: json } }
processors: { slow: { type: wait, from: in } }
sinks: { out: { type: topic, from: slow, topic: out } }
delivery: exactly-once
errors: { attempts: 1, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`

const tooLarge = (value: Uint8Array | null): boolean => value !== null && Buffer.from(value).includes('huge')

/** A bench whose topics take nothing that says huge: outputs, or letters. */
function bench(seed: number, refuses: (of: string) => boolean): Bench {
  const one = new Bench(seed, yaml, {
    partitions: 2,
    faults: { refuses: (of: string, value) => refuses(of) && tooLarge(value) },
  } satisfies Partial<ClusterOptions>)
  const registry = one.world.registry.bind(one.world)
  one.world.registry = (life) => {
    const made = registry(life)
    return { ...made, sinks: { ...made.sinks, topic } }
  }
  return one
}

/** The ids in the topic `out`, partition by partition. */
function out({ cluster }: Bench): string[] {
  return [0, 1].flatMap((partition) =>
    [...cluster.topics.all({ topic: 'out', partition })].map(
      ([, { value }]) => (JSON.parse(Buffer.from(value!).toString()) as { id: string }).id,
    ),
  )
}

const record = (id: string, key: string): TestInput => ({ id, key })

describe('a commit with a record that its topic does not take', () => {
  test.each([1, 2, 3])(
    'parks the record with its followers where it is an output; others go on: seed %s',
    (seed) =>
      withBench(
        bench(seed, (of) => of === 'out'),
        async (one) => {
          one.produce(
            [record('a', 'x'), record('huge', 'k'), record('b', 'k'), record('c', 'y'), record('d', 'k')],
            0,
          )
          one.produce([record('e', 'z')], 1)
          await one.toEnd()
          expect(out(one).toSorted()).toEqual(['a', 'c', 'e'])
          expect(
            one.openLetters(0).map(({ entry: { info } }) => [info.offset, info.code, info.follower]),
          ).toEqual([
            [1, 'RECORD_TOO_LARGE', false],
            [2, 'RECORD_TOO_LARGE', true],
            [4, 'RECORD_TOO_LARGE', true],
          ])
          // The topic takes more by now.
          one.cluster.commits.faults.refuses = () => false
          one.command(0, 'k', 'release')
          await one.toEnd()
          expect(out(one).filter((id) => !['a', 'c', 'e'].includes(id))).toEqual(['huge', 'b', 'd'])
        },
      ),
  )

  test('halts the partition where it is a letter, drops nothing, and lets the others go on', () =>
    withBench(
      bench(5, (of) => of.endsWith('.dlq')),
      async (one) => {
        one.produce([record('a', 'x'), { ...record('huge', 'k'), fails: { slow: -1 } }, record('b', 'y')], 0)
        one.produce([record('e', 'z')], 1)
        await one.toEnd()
        expect(one.cluster.troubles).toContainEqual(
          expect.stringMatching(
            /^Partition 0 of in halts: the record at offset 1 .* into in\.dlq \(RECORD_TOO_LARGE\)/,
          ),
        )
        expect(out(one)).toContain('e')
        // Nothing is taken from it again: one refusal, and not one after the other.
        expect(one.cluster.troubles.filter((text) => text.includes('joins the group again'))).toHaveLength(1)
        expect(one.letters(0)).toEqual([])
        expect(one.parked(0).map(({ entry }) => entry.type)).toEqual(['halt'])
        one.cluster.commits.faults.refuses = () => false
        await one.toEnd()
        expect([out(one).toSorted(), one.letters(0)]).toEqual([['a', 'b', 'e'], [1]])
      },
    ))
})
