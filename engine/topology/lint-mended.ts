import type { LintExample } from './lint-rule.ts'

/** The example of a rule as it should be. Facts that are not given are those of the rule's example. */
export type MendedExample = LintExample

const cost = '# lint-allow ML008 the cost is known'
const events = 'sources: { events: { type: topic, topic: audit-events, format: json } }'
const timed = 'sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }'
const read = 'sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent } }'
const orders = 'sources: { orders: { type: topic, topic: orders, format: json } }'
const unique = `processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } } ${cost}`
const show = 'sinks: { show: { type: console, from: events } }'
const users = 'sinks: { users: { type: table, from: events, table: audit_by_user } }'
const both = `sinks:
  users: { type: table, from: unique, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`

/** By the code of its rule: the example, mended. Shown on the rule's page; a test sees to it that lint has nothing to say. */
export const mendedExamples: Readonly<Record<string, MendedExample>> = {
  ML001: { topology: `name: audit\n${read}\n${show}` },
  ML002: {
    topology: `name: audit
${read}
processors: { mine: { type: filter, from: events, field: store, equals: s1 } }
sinks: { show: { type: console, from: mine } }`,
  },
  ML003: { topology: `name: audit\n${events}\n${users}` },
  ML004: {
    topology: `name: audit\n${timed}\n${unique}\n${both}`,
    facts: { topics: { 'audit-events': { key: 'eventId' } } },
  },
  ML005: {
    topology: `name: audit
${read}
sinks: { users: { type: table, from: events, table: audit_by_user, columns: { user_id: user } } }`,
  },
  ML006: {
    topology: `name: audit
${read}
sinks: { users: { type: table, from: events, table: audit_by_user, columns: { event_time: timestamp } } }`,
  },
  ML007: {
    topology: `name: orders
${orders}
processors:
  known: { type: enrich, from: orders, table: users, key: { store: storeId, user_id: userId }, as: user }
sinks: { show: { type: console, from: known } }`,
  },
  ML008: { topology: `name: audit\n${timed}\n${unique}\n${both}` },
  ML009: { topology: `name: audit\n${timed}\n${unique}\n${both}` },
  ML010: {
    topology: `name: audit
${timed}
${unique}
${both}
  alerts: { type: topic, from: unique, topic: alerts }`,
  },
  ML011: {
    topology: `name: relay
sources: { orders: { type: topic, topic: orders, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: orders, by: orderId, window: 7d } } ${cost}
sinks:
  copy: { type: topic, from: unique, topic: orders-copy }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { orders: { key: 'orderId' } } },
  },
  ML012: { topology: `name: audit\n${timed}\n${unique}\n${both}` },
  ML013: {
    topology: `name: split
${orders}
processors: { kinds: { type: branch, from: orders, field: kind, to: { carts: cart, paid: order }, default: rest } }
sinks:
  carts: { type: table, from: kinds.carts, table: carts }
  paid: { type: table, from: kinds.paid, table: paid_orders }
  rest: { type: console, from: kinds.rest }`,
  },
  ML014: { topology: `name: audit\n${timed}\n${unique}\n${both}` },
  ML015: {
    topology: `name: audit
sources:
  web: { type: topic, topic: audit-web, format: json }
  shop: { type: topic, topic: audit-shop, format: json }
sinks: { users: { type: table, from: [web, shop], table: audit_by_user } }`,
  },
  ML016: {
    topology: `name: audit
sources:
  web: { type: topic, topic: audit-web, format: json }
  shop: { type: topic, topic: audit-shop, format: json }
sinks: { users: { type: table, from: [web, shop], table: audit_by_user } }`,
    facts: { topics: { 'audit-web': { partitions: 12 }, 'audit-shop': { partitions: 12 } } },
  },
  ML017: { topology: `name: audit\n${events}\n${users}\nerrors: { then: park }` },
  ML018: {
    topology: `name: mails
${orders}
processors: { slowly: { type: throttle, from: orders, rate: 10 } }
sinks: { show: { type: console, from: slowly } }
budget: { partition: 128KiB }`,
  },
  ML019: {
    topology: `name: audit
${timed}
processors:
  unique: { type: dedupe, from: events, by: eventId, window: 7d } ${cost}
  known: { type: enrich, from: unique, table: users, key: userId, as: user }
sinks:
  users: { type: table, from: known, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`,
  },
  ML020: {
    topology: `name: again
sources: { orders: { type: topic, topic: orders, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: orders, by: orderId, window: 7d } } ${cost}
sinks:
  on: { type: topic, from: unique, topic: orders-once }
  odd: { type: console, from: unique.conflicts }`,
  },
  ML021: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent, timestamp: at } }
${show}`,
    facts: { schemas: { 'audit.AuditEvent': { eventId: 'string', at: 'long timestamp-millis' } } },
  },
  ML022: { topology: `name: audit\n${events}\n${users}\nerrors: { attempts: 6 }` },
  ML023: {
    topology: `name: audit
${events}
processors: { known: { type: enrich, from: events, table: users, key: userId, as: user } }
sinks: { users: { type: table, from: known, table: audit_by_user, hash: { of: [eventId, userId] } } }`,
  },
  ML024: {
    topology: `name: audit
${events}
sinks:
  users: { type: table, from: events, table: audit_by_user }
  stores: { type: table, from: events, table: audit_by_store }`,
  },
  ML025: {
    topology: `name: clicks
sources: { events: { type: topic, topic: clicks, format: json } }
sinks: { out: { type: console, from: events } }`,
  },
  ML026: { topology: `name: audit\n${events}\n${users}\nbudget: { partition: 64MiB, total: 256MiB }` },
  ML027: {
    topology: `name: orders
${orders}
processors:
  valid: { type: validate, from: orders, fields: { total: { min: 0 } }, otherwise: fail }
sinks: { rows: { type: table, from: valid, table: orders } }`,
  },
  ML028: { topology: `name: audit\n${events}\n${users}`, facts: {} },
  ML029: {
    topology: `name: orders
${orders}
processors: { known: { type: enrich, from: orders, table: users, key: userId, as: user, within: 500ms } }
sinks: { show: { type: console, from: known } }`,
  },
  ML030: {
    topology: `name: users
sources: { changes: { type: topic, topic: user-changes, format: json } }
sinks: { users: { type: table, from: changes, table: users, mode: latest, sequence: version } }`,
    facts: { tables: { users: ['user_id!', 'name'] } },
  },
  ML031: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent, timestamp: at } }
processors: { dated: { type: validate, from: events, fields: { at: { notAfter: 5m } } } }
sinks: { users: { type: table, from: dated, table: audit_by_user } }`,
  },
  ML032: {
    topology: `name: audit
${timed}
processors:
  dated: { type: validate, from: events, fields: { at: { notAfter: 5m } } }
  unique: { type: dedupe, from: dated, by: eventId, window: 1h } ${cost}
${both}`,
  },
  ML033: { topology: `name: audit\n${events}\n${users}` },
  ML034: {
    topology: `name: by-user
${orders}
sinks:
  users: { type: topic, from: orders, topic: orders-by-user, key: [userId, orderId] } # lint-allow ML011 readers know orders by id`,
  },
  ML035: {
    topology: `name: audit\n${timed}\n${unique}\n${both}`,
    facts: {
      topics: { 'audit-events': { key: 'eventId' } },
      tables: { audit_by_user: ['user_id!', 'at+', 'event_id+', 'action'] },
    },
  },
  ML036: {
    topology: `name: audit-copy\n${events}\n${show}`,
    facts: { names: { audit: ['topologies/audit.yaml'], 'audit-copy': ['topologies/audit-copy.yaml'] } },
  },
  ML037: {
    topology: `name: known-orders
sources:
  orders: { type: topic, topic: orders, format: json }
  users: { type: topic, topic: users, format: json }
processors: { known: { type: join, from: orders, table: users, as: user, kind: left } }
sinks: { out: { type: console, from: known } }`,
    facts: { topics: { users: { retention: 604_800_000, cleanup: 'compact' } } },
  },
  ML038: {
    topology: `name: sessions
sources: { events: { type: topic, topic: session-events, format: json } }
processors: { turns: { type: resequence, from: events, by: sessionSeq, first: 1, within: 30s } }
sinks:
  ordered: { type: table, from: turns, table: session_events }
  gaps: { type: console, from: turns.gaps }
  late: { type: console, from: turns.late }`,
  },
  ML039: {
    topology: `name: unpaid
sources: { orders: { type: topic, topic: orders, format: json } }
processors: { overdue: { type: schedule, from: orders, after: 30m, idle: 1m } }
sinks: { reminders: { type: console, from: overdue } }`,
  },
  ML045: {
    topology: `name: visits
sources: { views: { type: topic, topic: page-views, format: json } }
processors:
  visit: { type: aggregate, from: views, window: { session: 10m, idle: 1m }, emit: close, fields: { pages: count } }
sinks:
  out: { type: table, from: visit, table: visits }
  late: { type: console, from: visit.late }`,
  },
  ML046: {
    topology: `name: orders
sources:
  events: { type: topic, topic: orders, schema: [shop.OrderCreated, shop.v2.OrderCreated] }
processors:
  newest: { type: upcast, from: events }
  large: { type: filter, from: newest, field: total, atLeast: 100 }
sinks: { show: { type: console, from: large } }`,
  },
  ML047: {
    topology: `name: orders
sources: { events: { type: topic, topic: orders, schema: [shop.OrderCreated, shop.OrderShipped] } }
processors: { shipped: { type: filter, from: events, schema: shop.OrderShipped } }
sinks: { show: { type: console, from: shipped } }`,
  },
  ML048: {
    topology: `name: orders
sources: { events: { type: topic, topic: orders, schema: [shop.OrderCreated, shop.OrderCancelled] } }
processors: { new: { type: filter, from: events, schema: shop.OrderCreated } }
sinks: { created: { type: topic, from: new, topic: created, schema: shop.OrderCreated } } # lint-allow ML011 the readers know ids`,
  },
  ML049: {
    topology: `name: orders
sources: { events: { type: topic, topic: orders, schema: [shop.OrderCreated, shop.v2.OrderCreated] } }
processors: { newest: { type: upcast, from: events } }
sinks: { show: { type: console, from: newest } }`,
    facts: {
      schemas: { 'shop.OrderCreated': { total: 'double' }, 'shop.v2.OrderCreated': { total: 'string' } },
      casts: ['orders/OrderCreated.v1-v2.ts'],
    },
  },
}
