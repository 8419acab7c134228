import { expect, test } from '@jest/globals'
import { nearestName, parseSettings } from '../../native/settings.ts'

const table = `Global configuration properties

Property                                 | C/P | Range           |       Default | Importance | Description
-----------------------------------------|-----|-----------------|--------------:|------------| --------------------------
client.id                                |  *  |                 |       rdkafka | low        | Client identifier.
metadata.broker.list                     |  *  |                 |               | high       | Initial list of brokers.
bootstrap.servers                        |  *  |                 |               | high       | Alias for \`metadata.broker.list\`: Initial list of brokers.
group.id                                 |  C  |                 |               | high       | Client group id string.
enable.auto.commit                       |  C  | true, false     |          true | high       | Automatically commit offsets.
linger.ms                                |  P  | 0 .. 900000     |             5 | high       | Delay in milliseconds.
both.levels                              |  C  |                 |               | low        | Global and topic-level.

Topic configuration properties

Property                                 | C/P | Range           |       Default | Importance | Description
-----------------------------------------|-----|-----------------|--------------:|------------| --------------------------
auto.commit.enable                       |  C  | true, false     |          true | low        | Legacy.
enable.auto.commit                       |  C  | true, false     |          true | low        | Alias for \`auto.commit.enable\`: Legacy.
both.levels                              |  P  |                 |               | low        | The other half.
`

test('the table of settings tells whom each of them concerns, and which are other names', () => {
  const known = parseSettings(table)
  expect(known.get('client.id')).toEqual({ kind: 'both', alias: undefined })
  expect(known.get('group.id')).toEqual({ kind: 'reader', alias: undefined })
  expect(known.get('linger.ms')).toEqual({ kind: 'writer', alias: undefined })
  expect(known.get('bootstrap.servers')).toEqual({ kind: 'both', alias: 'metadata.broker.list' })
  expect(known.get('both.levels')).toEqual({ kind: 'both', alias: undefined })
  expect(known.has('Property')).toBe(false)
  expect(known.size).toBe(8)
})

test('a name that is a setting of its own is not taken for another name of a legacy one', () => {
  expect(parseSettings(table).get('enable.auto.commit')?.alias).toBeUndefined()
})

test.each([
  ['auto.offset.rest', 'auto.offset.reset'],
  ['auto_offset_reset', 'auto.offset.reset'],
  ['Group.Id', 'group.id'],
  ['grup.id', 'group.id'],
  ['something.else.altogether', undefined],
])('the name nearest to %s is %s', (given, near) => {
  expect(nearestName(given, ['auto.offset.reset', 'group.id', 'linger.ms'])).toBe(near)
})
