import { expect, test } from '@jest/globals'
import driver from 'cassandra-driver'
import { fromDriver } from '../../../engine/cassandra/pages.ts'
import type { CqlType, CqlValue } from '../../../engine/cql/types.ts'

const { InetAddress, LocalDate, Uuid } = driver.types
const inet: CqlType = { kind: 'inet' }
const text: CqlType = { kind: 'text' }
const uuid = 'a450449d-178e-1789-925e-c06d9f39c6f2'
// What is between two lone zeros is lost where the driver writes the address.
const address = new InetAddress(Buffer.from('00000072000006500bc064a603f10432', 'hex'))
const shown = '0:72:0:650:bc0:64a6:3f1:432'

test.each<[CqlType, unknown, CqlValue | null]>([
  [inet, address, shown],
  [inet, InetAddress.fromString('10.0.0.1'), '10.0.0.1'],
  [{ kind: 'list', element: inet }, [address, address], [shown, shown]],
  [{ kind: 'map', key: inet, value: text }, new Map([[address, 'a']]), new Map([[shown, 'a']])],
  [{ kind: 'uuid' }, Uuid.fromString(uuid), uuid],
  [{ kind: 'date' }, LocalDate.fromString('2025-11-30'), '2025-11-30'],
  [{ kind: 'set', element: text }, ['b', 'a'], ['a', 'b']],
  [text, undefined, null],
])('a %j of the driver is a canonical value', (type, value, canonical) => {
  expect(fromDriver(type, value)).toEqual(canonical)
})
