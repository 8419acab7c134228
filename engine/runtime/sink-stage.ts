import type { SinkWriter, WriteResult } from '../component/contracts/sink.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import type { WriteBatch } from '../component/write-batch.ts'
import { downstreamError, type MillraceError } from '../errors.ts'
import { durationText } from '../topology/lint-rule.ts'
import { asSinkError } from '../component/thrown-errors.ts'
import { checkedAnswer } from './sink-answers.ts'
import type { Outcome } from './executor-work.ts'
import { KeyedExecutor } from './keyed-executor.ts'
import type { StageContext } from './lanes.ts'
import type { Outbox } from './outbox.ts'
import { reach } from '../component/points.ts'

/** A sink in one task: records go through its executor, and settle with the sink's acknowledgement. */
export class SinkStage {
  readonly node: string
  readonly #executor: KeyedExecutor
  readonly #context: StageContext

  /** With an outbox, what the sink would append goes there instead, and into the commit. */
  constructor(writer: SinkWriter, context: StageContext, outbox?: Outbox) {
    this.node = context.node
    this.#context = context
    const write =
      outbox === undefined || writer.prepare === undefined
        ? (batch: WriteBatch) => writer.write(batch)
        : (batch: WriteBatch) => outbox.add(batch, writer.prepare!(batch))
    this.#executor = new KeyedExecutor(context, {
      order: writer.order,
      concurrency: writer.order === 'batch' ? 1 : writer.concurrency,
      maxBatch: writer.maxBatch,
      perform: (batch) => this.#write(write, batch),
      done: (batch, outcomes) => this.#acknowledge(batch, outcomes),
      late: (ms) => tooLate(context.node, ms),
    })
  }

  receive(batch: RecordBatch): void {
    this.#executor.submit(batch)
  }

  /** Records that are here. */
  get held(): number {
    return this.#executor.held
  }

  /** The task is given up. */
  close(): void {
    this.#executor.close()
  }

  #write(write: SinkWriter['write'], batch: WriteBatch): ReturnType<SinkWriter['write']> {
    reach('sink.writing')
    const started = performance.now()
    try {
      const answer = write(batch)
      if (!(answer instanceof Promise)) return this.#written(batch, started, answer)
      return answer.then(
        (outcomes) => this.#written(batch, started, outcomes),
        (error: unknown) => Promise.reject(asSinkError(error)),
      )
    } catch (error) {
      throw asSinkError(error)
    }
  }

  #written(batch: WriteBatch, started: number, answer: WriteResult): WriteResult {
    reach('sink.written')
    checkedAnswer(this.#context.node, batch.length, answer)
    this.#context.count('writeSeconds', (performance.now() - started) / 1000)
    this.#context.count('writtenRecords', batch.length)
    this.#context.count('writes', 1)
    return answer
  }

  #acknowledge(batch: WriteBatch, outcomes: readonly Outcome[] | undefined): void {
    if (batch.parts !== undefined && outcomes === undefined) {
      for (const part of batch.parts) part.releaseAll('stored')
      this.#context.count('stored', batch.length)
      return reach('acknowledged')
    }
    let stored = 0
    for (let n = 0; n < batch.length; n++) {
      const outcome = outcomes?.[n]
      const { lineage } = batch.batchOf(n).origin
      const row = batch.batchOf(n).lineageRow(batch.indexOf(n))
      if (outcome?.outcome === 'dropped') this.#context.count(outcome.reason, 1)
      else stored++
      lineage.judge(row, outcome?.outcome === 'dropped' ? 'dropped' : 'stored')
      lineage.release(row)
    }
    this.#context.count('stored', stored)
    reach('acknowledged')
  }
}

function tooLate(node: string, ms: number): MillraceError {
  return downstreamError(
    'TIMED_OUT',
    `Sink ${node} did not answer within ${durationText(ms)} (errors.answerWithin): see what holds it up, or give it more time.`,
  )
}
