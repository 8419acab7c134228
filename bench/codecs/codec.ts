/** What is measured: `read` as it was written, `resolve` as the next version, `write`, and `field`: one field in place. */
export type Task = 'read' | 'resolve' | 'write' | 'field'

export const tasks: readonly Task[] = ['read', 'resolve', 'write', 'field']

/** One turn of a task: value `n` of some. An answer that comes later is awaited. */
export type Turn = (n: number) => unknown

/** A codec, with its turns by task; undefined where it has none. */
export interface BenchCodec {
  readonly values: number
  turn(task: Task): Promise<Turn | undefined>
}

/** What a child answers. */
export interface Measured {
  readonly perSecond: number
  /** Of the whole process: CPU seconds for a million values. */
  readonly cpuSeconds: number
}
