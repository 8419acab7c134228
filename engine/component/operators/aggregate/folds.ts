import { add, addSums, compare, numericOf, plain, type Sum } from './numbers.ts'
import { stored, unstored } from './stored-values.ts'

/** What becomes of the values of one field. Null and missing values are passed over. */
export type FoldSpec =
  | { readonly fold: 'count'; readonly of: string | undefined }
  | { readonly fold: 'sum' | 'min' | 'max' | 'avg'; readonly of: string }
  | {
      readonly fold: 'collect' | 'distinct'
      readonly of: string
      /** The most values that are kept. */
      readonly most: number
      /** Which ones, when there are more. */
      readonly keep: 'first' | 'last'
    }

/** A fold over values, as plain data that JSON takes. Parts are never changed: `add` makes new ones. */
export interface Fold {
  /** The field it reads, as a dotted path; undefined: every record counts. */
  readonly of: string | undefined
  readonly start: unknown
  /** Throws RECORD_INVALID (permanent) for a value that it cannot take. */
  add(part: unknown, value: unknown): unknown
  /** The parts of two runs of records, the earlier one first. */
  merge(earlier: unknown, later: unknown): unknown
  /** As it is sent on. */
  result(part: unknown): unknown
}

/** Makes a fold. */
export function foldOf(spec: FoldSpec): Fold {
  switch (spec.fold) {
    case 'count':
      return { ...counting, of: spec.of }
    case 'sum':
      return { ...summing(spec.of), of: spec.of }
    case 'avg':
      return { ...averaging(spec.of), of: spec.of }
    case 'min':
    case 'max':
      return { ...extreme(spec.of, spec.fold === 'min' ? 1 : -1), of: spec.of }
    case 'collect':
      return { ...collecting((values, value) => [...values, value], spec.most, spec.keep), of: spec.of }
    case 'distinct':
      return { ...collecting(withoutTwins, spec.most, spec.keep), of: spec.of }
  }
}

type Rest = Omit<Fold, 'of'>

const counting: Rest = {
  start: 0,
  add: (part) => (part as number) + 1,
  merge: (earlier, later) => (earlier as number) + (later as number),
  result: (part) => part,
}

function summing(path: string): Rest {
  return {
    start: null,
    add: (part, value) => addTo(part as Sum | null, value, path),
    merge: (earlier, later) => mergeSums(earlier as Sum | null, later as Sum | null),
    result: (part) => (part === null ? null : plain(part as Sum)),
  }
}

function addTo(part: Sum | null, value: unknown, path: string): Sum {
  return add(part ?? 0, numericOf(value, path))
}

function mergeSums(earlier: Sum | null, later: Sum | null): Sum | null {
  if (earlier === null || later === null) return earlier ?? later
  return addSums(earlier, later)
}

interface Average {
  readonly sum: Sum | null
  readonly n: number
}

function averaging(path: string): Rest {
  return {
    start: { sum: null, n: 0 },
    add: (part, value) => {
      const { sum, n } = part as Average
      return { sum: addTo(sum, value, path), n: n + 1 }
    },
    merge: (earlier, later) => {
      const [left, right] = [earlier as Average, later as Average]
      return { sum: mergeSums(left.sum, right.sum), n: left.n + right.n }
    },
    result: (part) => {
      const { sum, n } = part as Average
      return sum === null ? null : Number(plain(sum)) / n
    },
  }
}

/** `sign` 1: the least value, -1: the greatest. */
function extreme(path: string, sign: number): Rest {
  const better = (part: unknown, value: unknown): unknown =>
    compare(unstored(part), unstored(value), path) * sign <= 0 ? part : value
  return {
    start: null,
    add: (part, value) => {
      if (typeof value !== 'string' && !(value instanceof Date)) numericOf(value, path)
      const next = stored(value)
      return part === null ? next : better(part, next)
    },
    merge: (earlier, later) =>
      earlier === null || later === null ? (earlier ?? later) : better(earlier, later),
    result: unstored,
  }
}

/** The values of a part are kept as text, so that equal ones are known whatever they are. */
type Grow = (values: readonly string[], value: string) => readonly string[]

function withoutTwins(values: readonly string[], value: string): readonly string[] {
  return values.includes(value) ? values : [...values, value]
}

function collecting(grow: Grow, most: number, keep: 'first' | 'last'): Rest {
  const bounded = (values: readonly string[]): readonly string[] => {
    if (values.length <= most) return values
    return keep === 'first' ? values.slice(0, most) : values.slice(-most)
  }
  return {
    start: [],
    add: (part, value) => bounded(grow(part as readonly string[], JSON.stringify(stored(value)))),
    merge: (earlier, later) =>
      bounded((later as readonly string[]).reduce<readonly string[]>(grow, earlier as readonly string[])),
    result: (part) => (part as readonly string[]).map((text) => unstored(JSON.parse(text))),
  }
}
