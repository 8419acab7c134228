import type { Severity } from './lint-rule.ts'

/** A kind of change of a topology. */
export interface ChangeKind {
  readonly severity: Severity
  readonly title: string
  /** What it does to offsets and state, and what to do. Markdown. */
  readonly explanation: string
}

/** What may change, by its code. Codes are stable. */
export const changeKinds = {
  MC001: {
    severity: 'error',
    title: 'The topology has another name',
    explanation:
      'The name is the consumer group, and what the topics of its state and of its letters begin with. Under another one the ' +
      'topology reads everything again, knows no id, and does not see what is parked. Keep the name; or run the old one to ' +
      'the end, release its letters, and set the offsets of the new group.',
  },
  MC002: {
    severity: 'error',
    title: 'State stays behind under another name',
    explanation:
      'State belongs to the name of its node: a node that seems to be renamed begins empty, and the old state is left. Keep ' +
      'the name.',
  },
  MC003: {
    severity: 'warning',
    title: 'State that nobody uses any more',
    explanation:
      'The state of a node that is gone stays where it is, and takes space. A node of that name would take it up later, with ' +
      'a hole since then.',
  },
  MC004: {
    severity: 'warning',
    title: 'State that begins empty',
    explanation:
      'A new node knows nothing of what was processed before it came: a `dedupe` lets duplicates of that through until its ' +
      'window has passed once. To have it whole from the start, set the offsets back by the window where the sinks are idempotent.',
  },
  MC005: {
    severity: 'error',
    title: 'State that does not fit any more',
    explanation:
      'The ids that are stored are those of another field, or of another kind of node: none is found again. Give the node a ' +
      'new name, so that it begins empty, and expect duplicates for the length of its window.',
  },
  MC006: {
    severity: 'info',
    title: 'A window of another length',
    explanation:
      'A shorter window forgets at once what is older. A longer one keeps what is there, and is as long as it says only ' +
      'after that time.',
  },
  MC007: {
    severity: 'warning',
    title: 'A topic that is not read any more',
    explanation:
      'What lies beyond its committed offset stays unread, and its letters stay parked. Run the old topology to the end ' +
      '(`run --until-end`), and release or discard its letters first. Its offsets stay until Kafka forgets them, so that it ' +
      'goes on there when it is read again.',
  },
  MC008: {
    severity: 'info',
    title: 'A topic that is read from its beginning',
    explanation:
      'The group has no offset in a topic that it did not read: it begins where the source says (`begin`). Set the offsets ' +
      'before the first start if that is not meant.',
  },
  MC009: {
    severity: 'warning',
    title: 'Another promise of delivery',
    explanation:
      'State and offsets are kept. With `exactly-once` readers must read committed records only; without it they have to know ' +
      'duplicates after a crash.',
  },
  MC010: {
    severity: 'info',
    title: 'Another fate of failed records',
    explanation:
      'What is parked stays parked, and the later records of its keys go on waiting behind it, whatever the new topology says ' +
      'of failures to come.',
  },
  MC011: {
    severity: 'info',
    title: 'A sink that has nothing of what was before',
    explanation:
      'A new sink, or one with another table or topic, gets what comes from the committed offsets on. To fill it, run a topology ' +
      'of another name over the history, or begin anew (`millrace reset`).',
  },
  MC012: {
    severity: 'info',
    title: 'A sink that is written no more',
    explanation: 'Its table or topic stays as it is, and gets old. Readers are not told.',
  },
  MC013: {
    severity: 'warning',
    title: 'Rows or records in other places',
    explanation:
      'The sink makes keys, columns, buckets or timestamps in another way than before: what is written again does not meet what ' +
      'was written. The finding says which, and what to do.',
  },
  MC014: {
    severity: 'warning',
    title: 'Another clock',
    explanation:
      'Windows that are open mix both times, and rows that are written again get another bucket and timestamp. Let letters and ' +
      'retries end before the change.',
  },
  MC015: {
    severity: 'error',
    title: 'Another number of partitions',
    explanation:
      'With more partitions most keys move to another one, and their order, ids and letters stay in the old, so that ' +
      '`millrace topics apply` refuses it where there is state. Keep the number; or write a new topic and read that.',
  },
  MC016: {
    severity: 'info',
    title: 'A topology that is new',
    explanation:
      'There is nothing to compare with in that revision, neither in the file nor under the name of the topology: it reads ' +
      'its topics from where they begin.',
  },
  MC017: {
    severity: 'error',
    title: 'State under another number',
    explanation:
      'Nodes that are connected are a part of a topology; parts are counted in the order of the file, and the embedded store ' +
      'keeps state by that number. Put new sources behind those that are there. A cluster keeps state by the name of the node ' +
      'alone.',
  },
  MC018: {
    severity: 'warning',
    title: 'Sources in another order',
    explanation:
      'A `dedupe` holds each id with the number of the source that it came from, counted in the order of the file. With other ' +
      'numbers a record that is read again, once offsets were set back, is dropped as a duplicate of itself. Leave sources ' +
      'in their order, and add new ones behind them.',
  },
  MC019: {
    severity: 'info',
    title: 'A beginning that lies behind',
    explanation:
      '`begin` counts for partitions of which nothing is committed: those that were read already go on at their offsets. To ' +
      'begin there anew, set the offsets (`millrace offsets set`).',
  },
  MC020: {
    severity: 'warning',
    title: 'A topology that is gone',
    explanation:
      'Its group, its letters and its state stay in the environment, and its topics are read no more. Run it to the end ' +
      '(`run --until-end`) and see to its letters before its workers are stopped for good.',
  },
  MC021: {
    severity: 'warning',
    title: 'A revision that cannot be compared',
    explanation:
      'The file of that revision is no topology, as this version of Millrace reads it: nothing is said of what the change ' +
      'does. Compare with a later revision, or with a mended copy (`--against FILE`).',
  },
  MC025: {
    severity: 'error',
    title: 'A table without the rows that were read before',
    explanation:
      'The rows of a joined table are what the group has read since the topic is one, under the name of its source. Where the ' +
      'group has an offset in the topic already, the table begins empty behind it. Set the offsets of that topic to its ' +
      'beginning before the first start (`millrace offsets set`), or keep the name of the source.',
  },
  MC026: {
    severity: 'warning',
    title: 'A topic that becomes a table in another way, or none',
    explanation:
      'Of a global table nothing is committed: each worker reads it from its beginning. Of the others the group has an offset, ' +
      'and goes on there: what lies before it was rows, or records, as the topology was then.',
  },
} as const satisfies Readonly<Record<string, ChangeKind>>

export type ChangeCode = keyof typeof changeKinds

/** One thing that a change does. */
export interface PlanChange {
  readonly code: ChangeCode
  /** The node of the new plan that it is about; undefined = the topology. */
  readonly node?: string
  readonly field?: string
  /** What is lost or kept, and what to do. */
  readonly message: string
}
