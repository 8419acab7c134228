import { setFlagsFromString } from 'node:v8'

/**
 * Lets the garbage collector judge the memory of buffers together with the heap. Otherwise it marks the whole heap each time
 * that 64 MiB of buffers were allocated, whatever became of them: at a million records a second that is all the time, and a
 * sixth of the worker's CPU. Later versions of V8 do so by themselves; Node 24 has it behind a flag, which other versions
 * would refuse aloud.
 */
export function countBuffersWithHeap(): void {
  if (process.versions.node.startsWith('24.'))
    setFlagsFromString('--external-memory-accounted-in-global-limit')
}
