import type { SinkWriter } from '../component/contracts/sink.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import type { WriteBatch } from '../component/write-batch.ts'
import { downstreamError, MillraceError, sentenceOf } from '../errors.ts'
import { KeyedExecutor, type Outcome } from './keyed-executor.ts'
import type { StageContext } from './lanes.ts'
import type { Outbox } from './outbox.ts'
import { reach } from '../component/points.ts'

/** A sink in one task: records go through its executor, and settle with the sink's acknowledgement. */
export class SinkStage {
  readonly #executor: KeyedExecutor
  readonly #context: StageContext
  /** True from a write that failed for want of its store until one that did not. */
  #away = false

  /** With an outbox, what the sink would append goes there instead, and into the commit. */
  constructor(writer: SinkWriter, context: StageContext, outbox?: Outbox) {
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
    })
  }

  receive(batch: RecordBatch): void {
    this.#executor.submit(batch)
  }

  /** Records that are here. */
  get held(): number {
    return this.#executor.held
  }

  #write(write: SinkWriter['write'], batch: WriteBatch): ReturnType<SinkWriter['write']> {
    reach('sink.writing')
    const started = performance.now()
    try {
      const answer = write(batch)
      if (!(answer instanceof Promise)) return this.#written(batch, started, answer)
      return answer.then(
        (outcomes) => this.#written(batch, started, outcomes),
        (error: unknown) => Promise.reject(this.#failed(error)),
      )
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** What is away is told once, and once more when it is back. */
  #failed(error: unknown): MillraceError {
    const failure = asDownstream(error)
    if (failure.kind === 'downstream' && !this.#away) {
      this.#away = true
      this.#context.trouble(`Sink ${this.#context.node} cannot write, and tries again: ${failure.message}`)
    }
    return failure
  }

  #written<Answer>(batch: WriteBatch, started: number, answer: Answer): Answer {
    reach('sink.written')
    if (this.#away) {
      this.#away = false
      this.#context.trouble(`Sink ${this.#context.node} writes again.`)
    }
    this.#context.count('writeSeconds', (performance.now() - started) / 1000)
    this.#context.count('writtenRecords', batch.length)
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

/** A call that failed as a whole is nobody's fault, unless its error says otherwise: no record is parked for it. */
function asDownstream(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  return downstreamError('SINK_FAILED', `The sink failed: ${sentenceOf(error)}`, { cause: error })
}
