import { Writer } from '../../../native/writer.ts'
import { numbered } from './fill.ts'

export interface WritingOptions {
  readonly bootstrap: string
  readonly topic: string
  readonly partitions: number
}

/** Writes to all partitions until it is told to stop; resolves with how many records each of them has. */
export function writing(options: WritingOptions): () => Promise<number[]> {
  let stopped = false
  const run = async (): Promise<number[]> => {
    const writer = await Writer.open({ settings: { 'bootstrap.servers': options.bootstrap } })
    const written = Array.from({ length: options.partitions }, () => 0)
    while (!stopped) {
      await Promise.all(
        written.map(async (from, partition) => {
          const { failed } = await writer.write(options.topic, numbered(partition, from, 20), { partition })
          if (failed.length > 0) throw failed[0]!.error
          written[partition] = from + 20
        }),
      )
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await writer.close()
    return written
  }
  const done = run()
  return () => {
    stopped = true
    return done
  }
}
