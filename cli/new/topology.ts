/** A topology of its own, and its cases: `topologies/NAME.yaml`, `topologies/NAME.test.yaml`. */
export function topologyFiles(name: string): Readonly<Record<string, string>> {
  return {
    [`topologies/${name}.yaml`]: topology(name),
    [`topologies/${name}.test.yaml`]: cases(name),
  }
}

const topology = (
  name: string,
): string => `# What comes into the topic ${name}-events is checked, and what is paid is shown.
name: ${name} # also the consumer group: its committed offsets belong to this name
description: Shows what is paid.

sources:
  # With schemas/ in use: { type: topic, topic: ${name}-events, schema: shop.Event, timestamp: at }
  events: { type: topic, topic: ${name}-events, format: json }

processors:
  # A record that breaks a rule is parked, and all that follow it in its key wait behind it.
  valid: { type: validate, from: events, fields: { id: { type: string }, status: { oneOf: [OPEN, PAID] } } }
  paid: { type: filter, from: valid, field: status, equals: PAID }
  short: { type: map, from: paid, keep: [id, amount] }

sinks:
  # Or { type: topic, from: short, topic: ${name}-paid }, or a table of cql/.
  shown: { type: console, from: short }

errors: { attempts: 3, then: park }
`

const cases = (name: string): string => `# millrace test topologies/${name}.yaml
cases:
  - name: what is paid is shown, without its status
    given:
      - { key: o1, value: { id: o1, status: OPEN, amount: 5 } }
      - { key: o1, value: { id: o1, status: PAID, amount: 5 } }
    expect:
      printed: ['{"id":"o1","amount":5}']

  - name: a status that nobody knows is parked
    given:
      - { key: o2, value: { id: o2, status: LOST } }
    expect:
      printed: []
      parked: [{ key: o2, node: valid, code: RECORD_INVALID }]
`
