import { fieldsOf, type StyleRule } from './style-rule.ts'

/** Ids that are made at random. */
export const ids: StyleRule = {
  code: 'MS010',
  title: 'An id of an event that is no UUID',
  severity: 'warning',
  explanation:
    'Events are told apart by `eventId`, and followed by `correlationId` and `causationId`: systems that do not know each other make ' +
    'them, so they have to be unique without asking anybody. Ids of things (`customerId`, `sku`) are what their system says.',
  remedy: 'Write `{"type": "string", "logicalType": "uuid"}`.',
  example: {
    wrong: { name: 'eventId', type: 'string' },
    right: { name: 'eventId', type: { type: 'string', logicalType: 'uuid' } },
  },
  *check(subject) {
    for (const { part, name, leaves } of fieldsOf(subject)) {
      const isEventId =
        ['eventId', 'correlationId', 'causationId'].includes(name) || /(?:^uuid|Uuid)$/.test(name)
      if (!isEventId || leaves.every(({ logicalType }) => logicalType === 'uuid')) continue
      const message = `"${name}" is no UUID: give it the type string with the logicalType uuid.`
      yield { part, attribute: 'type', message }
    }
  },
}
