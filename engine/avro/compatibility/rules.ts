import type { AvroNode } from '../model.ts'

/** The rules of schema resolution that a pair can break. The first six are named as SchemaCompatibility names them. */
export type ReadingRule =
  | 'NAME_MISMATCH'
  | 'FIXED_SIZE_MISMATCH'
  | 'MISSING_ENUM_SYMBOLS'
  | 'READER_FIELD_MISSING_DEFAULT_VALUE'
  | 'TYPE_MISMATCH'
  | 'MISSING_UNION_BRANCH'
  | 'AMBIGUOUS_FIELD'
  | 'DECIMAL_MISMATCH'
  | 'LOGICAL_TYPE_MISMATCH'

/** Whose reading is asked for; see readingProblems. */
export type Dialect = 'java' | 'millrace' | 'meaning'

/** A place in the reader's schema. */
export interface Place {
  /** As SchemaCompatibility writes it: `/fields/0/type/items`; empty at the root. */
  readonly pointer: string
  /** For people: `lines[].price`; empty at the root. */
  readonly path: string
}

/** One thing that keeps a reader from reading. */
export interface ReadingProblem extends Place {
  readonly rule: ReadingRule
  /** A part of a sentence whose subject is the path. */
  readonly what: string
  /** For a branch that a union lacks: what is wrong with the branch that was probably meant. */
  readonly causes?: readonly ReadingProblem[]
}

/** A comparison under way: rules that have parts give them back to it. */
export interface Reading {
  readonly dialect: Dialect
  compare(writer: AvroNode, reader: AvroNode, at: Place): readonly ReadingProblem[]
}

/** A problem at a place. */
export function mismatch(rule: ReadingRule, { pointer, path }: Place, what: string): ReadingProblem {
  return { rule, pointer, path, what }
}
