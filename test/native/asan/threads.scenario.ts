// Loading the addon in the main thread and in workers that end leaves nothing behind.
import { isMainThread, Worker } from 'node:worker_threads'
import { loadBinding } from '../../../native/load.ts'

loadBinding()
if (isMainThread)
  for (let round = 0; round < 3; round++) {
    const workers = Array.from({ length: 3 }, () => new Worker(new URL(import.meta.url)))
    const codes = await Promise.all(
      workers.map((worker) => new Promise((ended) => worker.once('exit', ended).once('error', ended))),
    )
    if (codes.some((code) => code !== 0)) throw new Error(`Workers ended with ${codes.join(', ')}.`)
  }
