import type { Worker } from '../../engine/runtime/worker.ts'
import type { WorkerSummary } from '../../engine/runtime/worker-summary.ts'

/** Shows what the workers of a demo have done so far, until all have stopped. */
export function showProgress(
  workers: readonly Worker[],
  show: (text: () => string) => void,
  signal: AbortSignal,
): void {
  const timer = setInterval(() => {
    if (signal.aborted || workers.every(({ state }) => state === 'STOPPED' || state === 'FAILED'))
      clearInterval(timer)
    else show(() => workers.map((worker) => progressOf(worker.plan.name, worker.summary())).join('   '))
  }, 200)
  timer.unref()
}

function progressOf(name: string, summary: WorkerSummary): string {
  return `${name}: ${summary.consumed.toLocaleString('en-US')} records, ${summary.recordsPerSecond}/s`
}
