import { type Outcome, type Task } from '../workload.ts'

/** The task of this process. */
export function readTask(): Task {
  return JSON.parse(process.argv[2] ?? 'null') as Task
}

/** Prints what was done, and ends the process. Nothing is closed: shutting down is not what is measured. */
export function finish(outcome: Outcome): never {
  console.log(JSON.stringify(outcome))
  process.exit(0)
}

/** A clock that says when a process has worked long enough. */
export function stopwatch(seconds: number): { readonly over: () => boolean } {
  const end = performance.now() + seconds * 1000
  return { over: () => performance.now() >= end }
}
