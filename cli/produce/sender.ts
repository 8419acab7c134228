import type { OutgoingRecord } from '../../engine/component/contracts/log.ts'
import type { Project } from '../project/project.ts'

const batchRecords = 1000
const batchBytes = 1024 * 1024

/** What became of the input so far. */
export interface Tally {
  produced: number
  refused: number
  bytes: number
  /** The last line whose record is written. */
  line: number
}

/** Collects records into batches, and has one of them under way while the next one is made. */
export class Sender {
  readonly #project: Project
  readonly #tally: Tally
  #batch: OutgoingRecord[] = []
  #bytes = 0
  #line = 0
  #underWay: Promise<void> = Promise.resolve()

  constructor(project: Project, tally: Tally) {
    this.#project = project
    this.#tally = tally
  }

  /** True when there is enough to be sent. */
  push(record: OutgoingRecord, line: number): boolean {
    this.#batch.push(record)
    this.#bytes += record.value?.length ?? 0
    this.#line = line
    return this.#batch.length >= batchRecords || this.#bytes >= batchBytes
  }

  async flush(): Promise<void> {
    await this.send()
    await this.#underWay
  }

  /** Sends what there is, when the batch before is written. */
  async send(): Promise<void> {
    await this.#underWay
    const batch = this.#batch
    const line = this.#line
    this.#batch = []
    this.#bytes = 0
    if (batch.length === 0) return
    this.#underWay = this.#append(batch, line)
    // Awaited with the next batch; until then a failure is not "unhandled".
    this.#underWay.catch(() => undefined)
  }

  async #append(batch: readonly OutgoingRecord[], line: number): Promise<void> {
    await this.#project.log.append(batch)
    this.#tally.produced += batch.length
    this.#tally.line = line
  }
}
