import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { byteText } from '../lint-rule.ts'

/** What a decoded record takes, beside its bytes: a measured rule of thumb for small JSON and Avro records. */
const decodedFactor = 4

/** What Node gives to values by itself on a machine with 4 GB; more only with --max-old-space-size. */
const heapBytes = 2 * 1024 ** 3

/** ML026 */
export const budgetMemory: LintRule = {
  code: 'ML026',
  title: 'A budget over the memory',
  severity: 'warning',
  explanation:
    '`budget: { total: … }` counts the bytes of records as they came. A node that needs whole values decodes them, and as ' +
    'values they take about four times as much of the heap, of which Node gives itself 2 GB on a small machine. A worker that ' +
    'falls behind fills its budget, and then dies of it, each time it starts again.',
  remedy:
    'Lower `total`: throughput is flat from a few MiB for each partition on. Or give Node more (`--max-old-space-size`), and ' +
    'allow the finding.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
sinks: { users: { type: table, from: events, table: audit_by_user } }
budget: { partition: 64MiB, total: 2GiB }`,
  },
  *check({ plan }: LintSubject): Iterable<RuleFinding> {
    const { totalBytes } = plan.budget
    const decoded = totalBytes * decodedFactor
    if (decoded <= heapBytes) return
    const message =
      `Up to ${byteText(totalBytes)} of records may be under way, about ${byteText(decoded)} once decoded: more than the ` +
      `${byteText(heapBytes)} of heap that Node takes by itself on a small machine.`
    yield { node: undefined, field: 'budget', message }
  },
}
