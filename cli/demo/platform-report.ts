import { join, relative } from 'node:path'
import type { Command } from '../command-line/command.ts'
import { askDemo, demoFlags, tellNumbers, type DemoQuestion, type DemoResult } from './report.ts'
import { commandIn } from '../project/package-root.ts'
import { command as reconcile } from '../reconcile.ts'
import { textTable } from '../terminal/text-table.ts'
import { command as trace } from '../trace.ts'
import type { ShopEvent } from '../../platform/shop/shop-event.ts'

/** An order that was shipped, whose story is told. */
export interface PlatformSample {
  readonly eventId: string
  readonly orderId: string
  readonly customerId: string
  readonly correlationId: string
}

/** What the demo of the platform did. */
export interface PlatformResult extends DemoResult {
  readonly format: 'text' | 'json'
  /** Records of the shop. */
  readonly written: number
  /** When the shop opened. */
  readonly begin: number
  readonly sample: PlatformSample | undefined
  /** How many events show more than these do. */
  readonly more: number
}

const hour = 3_600_000
const tap = 'audit-service-consumer-group'

/** The last order of a batch that was shipped. */
export function sampleOf(events: readonly ShopEvent[]): PlatformSample | undefined {
  const shipped = events.findLast(({ event }) => event.eventType === 'order.shipped')?.event
  if (shipped === undefined) return undefined
  const { orderId, customerId } = shipped.data as { readonly orderId: string; readonly customerId: string }
  return { eventId: shipped.eventId, orderId, customerId, correlationId: shipped.metadata.correlationId }
}

/** Tells what the topologies did, what can be asked, that nothing is missing, and where one event went. */
export async function reportPlatform(result: PlatformResult): Promise<void> {
  const { args, sample, summaries, written, format } = result
  const checked = await linesOf(reconcile, result, [fileOf(result)], { output: format })
  if (format === 'json') {
    const reconciliation = JSON.parse(checked.join('')) as unknown
    args.out(JSON.stringify({ written, sample, summaries: Object.fromEntries(summaries), reconciliation }))
    return
  }
  tellNumbers(result)
  if (sample === undefined)
    args.out(`\nNo order is shipped yet, whose way could be told: try --events ${result.more}.`)
  else await tellOrder(result, sample)
  await tellShop(result)
  const flags = demoFlags(result)
  const file = shownFile(result)
  args.out(`\nIs anything missing in the audit?   (${commandIn(args.cwd)} reconcile ${file} ${flags})`)
  for (const line of checked) args.out(line === '' ? '' : `  ${line}`)
  if (sample !== undefined) await tellTrace(result, sample)
  tellNext(result, sample)
}

async function tellOrder(result: PlatformResult, sample: PlatformSample): Promise<void> {
  const { orderId, customerId, correlationId } = sample
  const questions: readonly Omit<DemoQuestion, 'none'>[] = [
    {
      question: 'What became of an order?',
      read: ['order', `orderId=${orderId}`],
      columns: ['status', 'total', 'currency', 'created_at', 'paid_at', 'shipped_at'],
    },
    {
      question: 'What else has its customer ordered?',
      read: ['orders-of-customer', `customerId=${customerId}`],
      columns: ['created_at', 'order_id', 'total', 'currency'],
    },
    {
      question: 'What happened in its session, in all services, and what led to what?',
      read: ['events-of-request', `correlationId=${correlationId}`, 'limit=8'],
      columns: ['event_time', 'type', 'source', 'session_seq', 'causation_id'],
    },
  ]
  // Rows of an order have no time to live that would be over.
  for (const one of questions) await askDemo(result, { ...one, none: 'Nothing.' })
}

/** An hour of which there is something to be told: the first whole one, or where there is none yet that of the opening. */
function hourOf({ begin }: PlatformResult): string {
  const whole = Math.ceil(begin / hour) * hour
  return new Date(whole < Date.now() ? whole : whole - hour).toISOString()
}

async function tellShop(result: PlatformResult): Promise<void> {
  const more = `try --events ${result.more}.`
  const noOrder = `No order yet: ${more}`
  const questions: readonly DemoQuestion[] = [
    {
      question: 'How is business?',
      read: ['revenue-per-hour', 'currency=EUR'],
      columns: ['hour', 'orders', 'revenue', 'currency'],
      none: noOrder,
    },
    {
      question: 'And in the last minutes?',
      read: ['orders-per-minute', 'limit=4'],
      columns: ['minute', 'orders'],
      none: noOrder,
    },
    {
      question: 'What sold best in an hour?',
      read: ['top-products', `hour=${hourOf(result)}`, 'limit=4'],
      columns: ['sku', 'units', 'orders'],
      none: `No order in that hour: ${more}`,
    },
    {
      question: 'How far do visits come?',
      read: ['funnel', 'device=PHONE', 'limit=3'],
      columns: ['hour', 'device', 'visits', 'carts', 'checkouts', 'orders'],
      none: `No visit from a phone is over yet, which takes half an hour without an event: ${more}`,
    },
    {
      question: 'Of what is there little left?',
      read: ['low-stock', 'limit=4'],
      columns: ['changed_at', 'sku', 'available', 'severity'],
      none: `There is enough of everything yet: ${more}`,
    },
  ]
  for (const one of questions) await askDemo(result, one)
}

async function tellTrace(result: PlatformResult, { eventId }: PlatformSample): Promise<void> {
  const { args } = result
  args.out(
    `\nWhere did one event go?   (${commandIn(args.cwd)} trace ${eventId} --topology ${shownFile(result)} ${demoFlags(result)})`,
  )
  const lines = await linesOf(trace, result, [eventId], { topology: fileOf(result) })
  for (const line of lines) args.out(line === '' ? '' : `  ${cut(line)}`)
}

function cut(line: string): string {
  return line.length > 114 ? `${line.slice(0, 113)}…` : line
}

/** Runs a command as somebody at the terminal would, on the demo's store; answers what it prints. */
async function linesOf(
  command: Command,
  { args, project, store }: PlatformResult,
  positionals: readonly string[],
  more: Readonly<Record<string, string>>,
): Promise<string[]> {
  const lines: string[] = []
  const { output, ...rest } = more
  const values = { store, project: project.root, ...rest, ...(output !== undefined && { output }) }
  await command.run({ ...args, positionals, values, out: (line) => lines.push(line), err: args.err })
  return lines
}

function fileOf({ project }: PlatformResult): string {
  return join(project.root, 'topologies', `${tap}.yaml`)
}

function shownFile(result: PlatformResult): string {
  return relative(result.args.cwd, fileOf(result))
}

function tellNext(result: PlatformResult, sample: PlatformSample | undefined): void {
  const { args } = result
  const flags = demoFlags(result)
  const file = shownFile(result)
  const me = commandIn(args.cwd)
  const next = [
    [`${me} query ${flags}`, 'the questions that can be asked'],
    [`${me} explain ${file}`, 'what is guaranteed, and by which step'],
    [`${me} describe ${file}`, 'the topology as a picture'],
    [`${me} demo --platform --seed 8`, 'another shop'],
  ]
  if (sample !== undefined)
    next.unshift([`${me} query customer customerId=${sample.customerId} ${flags}`, 'who ordered'])
  args.out('\nTry next:')
  for (const line of textTable(['', ''], next).slice(1)) args.out(`  ${line}`)
}
