import type { SealedTask } from '../component/contracts/commit.ts'
import type { Clock } from '../component/contracts/clock.ts'
import type { Log } from '../component/contracts/log.ts'
import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import { fitMetadata } from './commit-metadata.ts'
import type { MillraceError } from '../errors.ts'
import { HaltNotices } from './halt-notices.ts'
import type { Ledger, LedgerPosition } from './ledger.ts'
import type { LedgerRun, RunOwner } from './ledger-run.ts'
import { ParkedInput, type LetterActions } from './parked-input.ts'
import { restoredLedger, type RestoredPosition, type TaskInput } from './task-input.ts'

/** What is needed to read the parked partition of an input. */
export interface LetterGateOptions extends Pick<LetterActions, 'forget' | 'closed' | 'count' | 'failed'> {
  readonly of: TaskInput
  readonly group: string
  readonly partition: TopicPartition
  readonly position: CommittedPosition | undefined
  readonly restoring: RestoredPosition
  readonly inOrder: boolean
  readonly log: Log
  readonly clock: Clock
  /** Is told of letters that go through the topology again. */
  readonly owner: RunOwner
}

type Position = SealedTask['positions'][number]

/**
 * The parked partition of an input, and when its letters may be sealed. What a letter changed came after the changes of
 * records that had come before it. Where cuts are beginnings of the partition, those may still wait for their turn: the
 * letter then waits with them.
 */
export class LetterGate {
  readonly ledger: Ledger
  readonly input: ParkedInput
  readonly #of: TaskInput
  readonly #inOrder: boolean
  readonly #halts: HaltNotices
  /** The end of the input when a letter was last closed. */
  #from = 0

  constructor(options: LetterGateOptions) {
    const { of, inOrder, log, clock, owner, forget, count, failed } = options
    this.ledger = restoredLedger(options.partition, options.position, lettersOwner, options.restoring)
    this.#of = of
    this.#inOrder = inOrder
    const { group, partition: target } = options
    this.#halts = new HaltNotices({ group, source: of.partition, target, log, clock })
    this.input = new ParkedInput(log, this.ledger, of.parking, owner, clock, {
      inject: (records, errand) => of.reenter(records, errand),
      forget,
      closed: (offset, run, row) => {
        options.closed(offset, run, row)
        this.#from = of.ledger.end
      },
      count,
      failed,
      halts: this.#halts,
    })
  }

  /** The worker stops for a record of the input: says so in the parked partition. Never rejects. */
  async halted(error: MillraceError): Promise<void> {
    await this.#halts.stopped(error)
  }

  /** True for the gate of the input that a record came from. */
  isOf(topic: unknown): boolean {
    return this.#of.partition.topic === topic
  }

  /** Seals what may be; the input is sealed already. Answers the position for the commit. */
  seal(): Position {
    const isOpen = !this.#inOrder || this.#of.ledger.frontier >= this.#from
    return placed(this.ledger, isOpen ? this.ledger.seal(() => true) : this.ledger.position)
  }
}

/** Letters wait in their partition for as long as they like: they are not under way, and pin nothing. */
const lettersOwner: RunOwner = {
  admitted: () => undefined,
  settled: () => undefined,
  pinned: () => undefined,
  soon: queueMicrotask,
}

function placed(ledger: Ledger, { frontier, ranges }: LedgerPosition): Position {
  return { ...ledger.partition, offset: frontier, metadata: fitMetadata(frontier, ranges) }
}

/** True for the record of a letter that goes through the topology again. */
export function isErrand(batch: RecordBatch): boolean {
  return (batch.origin.lineage as LedgerRun).errand !== undefined
}

/** Stops. A record that the topology halts for is told of in its parked partition first: nothing goes on meanwhile. */
export function stopTelling(
  error: MillraceError,
  gates: readonly LetterGate[],
  stop: (error: MillraceError) => void,
): void {
  const gate = error.code === 'HALTED' ? gates.find((one) => one.isOf(error.facts['topic'])) : undefined
  if (gate === undefined) return stop(error)
  void gate.halted(error).then(() => stop(error))
}
