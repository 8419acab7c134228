import type { Outcome, Task } from '../task.ts'

/** The task of this process. */
export function readTask(): Task {
  return JSON.parse(process.argv[2] ?? 'null') as Task
}

/** Prints what was done, and ends the process. */
export function finish(outcome: Outcome): never {
  console.log(JSON.stringify(outcome))
  process.exit(0)
}
