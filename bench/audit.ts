// The audit topology, embedded: events in a topic of the embedded log, through validation, dedup and enrichment into
// three tables. Prints one row of JSON. Arguments: how many events.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadPlans, runTopologies } from '../cli/run/topologies.ts'
import { openProject, type Project } from '../cli/project/project.ts'
import { processors } from '../processors/index.ts'
import { sinks } from '../sinks/index.ts'
import { sources } from '../sources/index.ts'

const total = Number(process.argv[2] ?? 200_000)
const root = join(import.meta.dirname, '..')
const store = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
try {
  const project = await openProject({ cwd: root, project: root, store })
  project.acquireWorkerLock()
  await fill(project)
  const plans = await loadPlans(
    [join(root, 'topologies/audit-store.yaml')],
    { sources, processors, sinks },
    {},
  )
  const before = process.cpuUsage()
  const started = performance.now()
  const summaries = await runTopologies({
    plans,
    project,
    untilEnd: true,
    signal: new AbortController().signal,
    print: console.log,
    trouble: (_topology, sentence) => console.error(sentence),
  })
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  const summary = [...summaries.values()][0]!
  console.log(
    JSON.stringify({
      scenario: 'audit topology, embedded: dedup, enrichment, three tables',
      system: 'millrace',
      records: summary.consumed,
      stored: summary.stored,
      duplicates: summary.duplicates,
      recordsPerSecond: Math.round(summary.consumed / seconds),
      cpuSecondsPerMillion: Number(((user + system) / summary.consumed).toFixed(2)),
      peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  )
  await project.close()
} finally {
  rmSync(store, { recursive: true, force: true })
}

/** One event in twenty is sent twice; 10,000 entities, 200 users, half a year. */
async function fill(project: Project): Promise<void> {
  const encoder = await project.schemas.encoder('audit.AuditEvent')
  await project.log.ensureTopic('audit-events', { partitions: 4 })
  const start = Date.now() - 180 * 86_400_000
  for (let first = 0; first < total; first += 1000) {
    const records = Array.from({ length: Math.min(1000, total - first) }, (_, n) => {
      const id = (first + n) % 20 === 19 ? first + n - 5 : first + n
      return {
        topic: 'audit-events',
        key: Buffer.from(`shop-${id % 7}/cart/${id % 10_000}`),
        value: encoder.encode(event(id, start)),
        headers: [],
        timestamp: start + (id / total) * 180 * 86_400_000,
      }
    })
    await project.log.append(records)
  }
}

function event(id: number, start: number): object {
  return {
    eventId: `event-${String(id).padStart(12, '0')}`,
    store: `shop-${id % 7}`,
    entityType: 'cart',
    entityId: String(id % 10_000),
    action: 'modified',
    userId: `user-${id % 200}@shop.example`,
    timestamp: Math.round(start + (id / total) * 180 * 86_400_000),
    before: '{"items":2,"total":"19.90"}',
    after: '{"items":3,"total":"29.85"}',
    source: 'cart-service',
    correlationId: `request-${Math.floor(id / 3)}`,
  }
}
