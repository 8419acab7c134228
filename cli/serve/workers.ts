import type { RegistryCounts } from '../../engine/avro/registry-counts.ts'
import { connectRegistryMetrics } from '../run/registry-metrics.ts'
import { connectMetrics } from '../run/worker-metrics.ts'
import { healthOf, Readiness } from '../run/worker-health.ts'
import { millraceVersion } from '../command-line/version.ts'
import type { Worker } from '../../engine/runtime/worker.ts'

export interface ServeOptions {
  /** The --http flag: undefined = 127.0.0.1 on a free port. */
  readonly http: string | undefined
  /** The --http-token flag: a reference, never the token itself. */
  readonly token: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the schema registry, if there is one. */
  readonly registry?: RegistryCounts | undefined
}

/** The HTTP side of `run`. */
export interface ServedWorkers {
  /** Where it listens; undefined where it is off. */
  readonly url: string | undefined
  /** Shows these workers. */
  show(workers: readonly Worker[]): void
  committed(topology: string, outcome: string, seconds: number): void
  close(): Promise<void>
}

/** Begins to serve. Rejects with a sentence for an address or token that can't be, or a port in use. */
export async function serveWorkers(options: ServeOptions): Promise<ServedWorkers> {
  const [{ defaultHttp, parseHttpFlag, resolveSecret }, { serveHttp }, { createMetrics }] = await Promise.all(
    [
      import('../../engine/observe/http-address.ts'),
      import('../../engine/observe/http.ts'),
      import('../../engine/observe/metrics.ts'),
    ],
  )
  const address = options.http === undefined ? defaultHttp : parseHttpFlag(options.http)
  const token =
    options.token === undefined ? undefined : resolveSecret(options.token, options.env, '--http-token')
  const metrics = createMetrics({ version: millraceVersion(), process: true })
  if (options.registry !== undefined) connectRegistryMetrics(options.registry, metrics)
  let workers: readonly Worker[] = []
  let readiness = new Readiness(workers)
  const content = {
    metrics,
    health: () => healthOf(workers, Date.now()),
    ready: () => readiness.check(Date.now()),
  }
  const server = address === undefined ? undefined : await serveHttp(address, content, token)
  return {
    url: server?.url,
    show(shown) {
      workers = shown
      readiness = new Readiness(shown)
      for (const worker of shown) connectMetrics(worker, metrics)
    },
    committed(topology, outcome, seconds) {
      metrics.count('millrace_commits_total', { topology, outcome }, 1)
      metrics.observe('millrace_commit_seconds', { topology }, seconds)
    },
    close: async () => server?.close(),
  }
}
