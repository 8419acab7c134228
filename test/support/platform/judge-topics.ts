import { isDeepStrictEqual } from 'node:util'
import {
  dataOf,
  distinct,
  idOf,
  inTopic,
  turnOf,
  typeOf,
  type Facts,
  type Findings,
  type Json,
  type Told,
} from './facts.ts'
import { views } from './views.ts'

function countOf(records: readonly Told[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const record of records) counts.set(idOf(record), (counts.get(idOf(record)) ?? 0) + 1)
  return counts
}

/** Each of these events once, and no other. */
function exactlyOnce(where: string, wanted: readonly Told[], found: readonly Told[]): string[] {
  const counts = countOf(found)
  const known = new Set(wanted.map(idOf))
  const missing = wanted.filter((record) => !counts.has(idOf(record)))
  return [
    ...missing.map((record) => `${where}: ${typeOf(record)} ${idOf(record)} is missing`),
    ...[...counts].flatMap(([id, count]) => (count > 1 ? [`${where}: ${id} is there ${count} times`] : [])),
    ...[...counts.keys()].flatMap((id) => (known.has(id) ? [] : [`${where}: ${id} should not be there`])),
  ]
}

/**
 * The order in sessions: what the order service tells has the numbers of a session ascending, each event once. A number that is
 * not there was given up, which is told in `gaps`; should its event come after that, it is in `late`.
 */
export function judgeTurns(facts: Facts): Findings {
  const written = distinct(inTopic(facts, 'business.orders.events'))
  const told = inTopic(facts, 'business.orders.in-order')
  const late = inTopic(facts, 'business.orders.late')
  const gaps = inTopic(facts, 'business.orders.gaps')
  const wrong = exactlyOnce('business.orders.in-order and .late', written, [...told, ...late])
  const events = new Map(written.map((record) => [idOf(record), record.event]))
  for (const record of [...told, ...late])
    if (!isDeepStrictEqual(record.event, events.get(idOf(record)) ?? record.event))
      wrong.push(
        `${record.key}: ${typeOf(record)} ${idOf(record)} is not as it was written (${placeOf(record)})`,
      )
  for (const [session, records] of Map.groupBy(told, ({ key }) => key)) {
    let last = 0
    for (const record of records) {
      const turn = turnOf(record)
      if (turn <= last) wrong.push(`${session}: number ${turn} comes after ${last} (${placeOf(record)})`)
      for (let missing = last + 1; missing < turn; missing++)
        if (!isGivenUp(gaps, session, missing))
          wrong.push(`${session}: number ${missing} is left out without a word (${placeOf(record)})`)
      last = Math.max(last, turn)
    }
  }
  for (const record of late)
    if (!isGivenUp(gaps, record.key, turnOf(record)))
      wrong.push(`${record.key}: number ${turnOf(record)} is late, and was never given up`)
  return wrong
}

function placeOf({ partition, offset }: Told): string {
  return `${partition}@${offset}`
}

function isGivenUp(gaps: readonly Told[], session: string, turn: number): boolean {
  return gaps.some(
    ({ event }) => event['key'] === session && Number(event['from']) <= turn && turn <= Number(event['to']),
  )
}

/** The topics of one type each: every event of it once, those of a key in the order of the topic that they are from. */
export function judgeViews(facts: Facts): Findings {
  return views.flatMap(({ topic, from, type }) => {
    const wanted = distinct(inTopic(facts, from)).filter((record) => typeOf(record) === type)
    const found = inTopic(facts, topic)
    const wrong = exactlyOnce(topic, wanted, found)
    const order = Map.groupBy(wanted, ({ key }) => key)
    for (const [own, records] of Map.groupBy(found, ({ key }) => key)) {
      const [is, should] = [records.map(idOf), (order.get(own) ?? []).map(idOf)]
      if (is.join() !== should.join()) wrong.push(`${topic}: ${own} is in another order`)
    }
    return wrong
  })
}

/** What customers are told: once for each order that is created, shipped or cancelled. */
export function judgeNotifications(facts: Facts): Findings {
  const topic = 'business.notifications.requested'
  const wanted = distinct(inTopic(facts, 'business.orders.events')).filter(
    (record) => typeOf(record) !== 'order.paid',
  )
  const byId = new Map(wanted.map((record) => [idOf(record), record]))
  const found = inTopic(facts, topic)
  const wrong = exactlyOnce(topic, wanted, found)
  for (const letter of found) {
    const from = byId.get(idOf(letter))
    if (from === undefined) continue
    const { template, orderId, customerId } = letter.event
    const should = [typeOf(from), dataOf(from)['orderId'], dataOf(from)['customerId']]
    if ([template, orderId, customerId].join() !== should.join() || letter.key !== customerId)
      wrong.push(`${topic}: ${idOf(letter)} says something else than its event`)
  }
  return wrong
}

/**
 * Alerts: each version of a product's stock at most once, with the number that there was then. The last one is there where little is
 * left. Versions between two commits are passed over.
 */
export function judgeAlerts(facts: Facts): Findings {
  const topic = 'business.inventory.low-stock'
  const stock = stockByVersion(distinct(inTopic(facts, 'business.inventory.events')))
  const alerts = inTopic(facts, topic)
  const wrong: string[] = []
  const seen = new Set<string>()
  for (const { event } of alerts) {
    const { sku, version, available, severity } = event as Readonly<Record<string, string | number>>
    const name = `${sku} version ${version}`
    if (seen.has(name)) wrong.push(`${topic}: ${name} is told twice`)
    seen.add(name)
    const was = stock.get(String(sku))?.[Number(version) - 1]
    if (was !== Number(available) || was >= 10 || severity !== (was < 0 ? 'OVERSOLD' : 'LOW'))
      wrong.push(`${topic}: ${name} says ${severity} ${available}, and there were ${was}`)
  }
  for (const [sku, all] of stock)
    if (all.at(-1)! < 10 && !seen.has(`${sku} version ${all.length}`))
      wrong.push(`${topic}: nobody is told that ${sku} is low now`)
  const rows = new Set(
    (facts.tables['low_stock_alerts'] ?? []).map(({ sku, version }) => `${sku} version ${version}`),
  )
  return [
    ...wrong,
    ...[...seen].filter((name) => !rows.has(name)).map((name) => `low_stock_alerts: ${name} is missing`),
    ...[...rows]
      .filter((name) => !seen.has(name))
      .map((name) => `low_stock_alerts: ${name} should not be there`),
  ]
}

/** What there was of each product after each of its changes. */
function stockByVersion(records: readonly Told[]): ReadonlyMap<string, readonly number[]> {
  const stock = new Map<string, number[]>()
  for (const record of records) {
    const all = stock.get(record.key) ?? []
    all.push((all.at(-1) ?? 0) + Number(dataOf(record)['change']))
    stock.set(record.key, all)
  }
  return stock
}

/** The topic of the audit has every business event at least once, and no other. Its tables are for `reconcile` to judge. */
export function judgeAudit(facts: Facts): Findings {
  const topic = 'audit.business.events'
  const sources = ['business.orders.events', 'business.inventory.events', 'business.customers.events']
  const written = sources.flatMap((name) => distinct(inTopic(facts, name)))
  const wrong = exactlyOnce(topic, written, distinct(inTopic(facts, topic)))
  const byId = new Map(written.map((record) => [idOf(record), record]))
  for (const { event } of inTopic(facts, topic)) {
    const from = byId.get(String(event['eventId']))?.event
    const { recordedType, recordedVersion, body } = event['data'] as Json
    if (from === undefined) continue
    if (
      recordedType !== from['eventType'] ||
      recordedVersion !== from['eventVersion'] ||
      typeof body !== 'string'
    )
      wrong.push(`${topic}: ${String(event['eventId'])} says something else than its event`)
  }
  return wrong
}

/** No event of the shop is bad: nothing may be parked. */
export function judgeLetters({ letters }: Facts): Findings {
  return Object.entries(letters).map(([topic, count]) => `${topic} has ${count} records`)
}
