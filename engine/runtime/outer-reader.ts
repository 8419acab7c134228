import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { GroupPosition, PollRequest, SourceEvent, SourceReader } from '../component/contracts/reader.ts'

/** A reader over another one. What it does not do in its own way, the inner one does. */
export abstract class OuterReader implements SourceReader {
  protected readonly inner: SourceReader

  constructor(inner: SourceReader) {
    this.inner = inner
  }

  abstract poll(request: PollRequest): Promise<SourceEvent[]>

  start(partition: TopicPartition, position: CommittedPosition | undefined): Promise<void> {
    return this.inner.start(partition, position)
  }

  release(partitions: readonly TopicPartition[]): Promise<void> {
    return this.inner.release(partitions)
  }

  pause(partition: TopicPartition): void {
    this.inner.pause(partition)
  }

  resume(partition: TopicPartition): void {
    this.inner.resume(partition)
  }

  bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    return this.inner.bounds(partition)
  }

  async writtenTo(partition: TopicPartition): Promise<number> {
    return (await this.inner.writtenTo?.(partition)) ?? (await this.bounds(partition)).end
  }

  async others(own: readonly TopicPartition[]): Promise<readonly GroupPosition[]> {
    return (await this.inner.others?.(own)) ?? []
  }

  spent(buffer: ArrayBuffer, records: number): void {
    this.inner.spent?.(buffer, records)
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}
