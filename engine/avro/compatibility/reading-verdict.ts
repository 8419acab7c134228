import type { AvroNode } from '../model.ts'
import { readingProblems } from './reading.ts'
import type { ReadingProblem } from './rules.ts'

/** One thing that keeps some reader from reading rightly. */
export interface ReadingFinding extends Omit<ReadingProblem, 'causes'> {
  /**
   * Whose reading: `all`; `java`: Java's SchemaCompatibility alone; `millrace`: the readers here, whatever Java's
   * SchemaCompatibility says; `meaning`: it is read, and means something else.
   */
  readonly who: 'all' | 'java' | 'millrace' | 'meaning'
}

/** Why what `writer` wrote is not read rightly as `reader`, by Java or here; none where both read it. */
export function readingVerdict(writer: AvroNode, reader: AvroNode): ReadingFinding[] {
  const java = deepest(readingProblems(writer, reader, 'java'))
  const here = deepest(readingProblems(writer, reader, 'millrace'))
  const meant = deepest(readingProblems(writer, reader, 'meaning'))
  const has = (list: readonly ReadingProblem[], { rule, path }: ReadingProblem): boolean =>
    list.some((one) => one.rule === rule && one.path === path)
  // Where one says more about what the other refuses too, it is refused by all.
  const byBoth = java.length > 0 && here.length > 0
  return [
    ...here.map((one) => told(one, byBoth ? 'all' : 'millrace')),
    ...java.filter((one) => !has(here, one)).map((one) => told(one, byBoth ? 'all' : 'java')),
    ...meant.filter((one) => !has(here, one)).map((one) => told(one, 'meaning')),
  ]
}

/** That a union lacks a record says less than what is wrong in the record. */
function deepest(problems: readonly ReadingProblem[]): ReadingProblem[] {
  return problems.flatMap((one) => (one.causes === undefined ? [one] : deepest(one.causes)))
}

function told({ rule, pointer, path, what }: ReadingProblem, who: ReadingFinding['who']): ReadingFinding {
  return { rule, pointer, path, what, who }
}

/** A finding as a part of a sentence: `"lines[].price" is written as …`. */
export function findingText({ path, what, who }: ReadingFinding): string {
  const subject = path === '' ? 'the value' : `"${path}"`
  const only =
    who === 'java'
      ? ' (so says Java’s SchemaCompatibility; the readers here read it)'
      : who === 'millrace'
        ? ' (Java’s SchemaCompatibility lets it pass)'
        : who === 'meaning'
          ? ' (it can be read, and means something else)'
          : ''
  return `${subject} ${what}${only}`
}
