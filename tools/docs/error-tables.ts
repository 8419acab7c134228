import { cassandraRules } from '../../engine/cassandra/client-errors.ts'
import { thrownRules } from '../../engine/component/thrown-errors.ts'
import { storeRules } from '../../engine/embedded/sqlite-errors.ts'
import { classRules } from '../../engine/kafka/client-errors.ts'
import { table } from './markdown.ts'

/** What each room makes of the errors behind it: the tables that the code itself goes by. */
export function errorTables(): string[] {
  return [
    '## What comes from components',
    table(
      ['thrown', 'in a processor', 'in a sink', 'why'],
      thrownRules.map(({ when, processor, sink, why }) => [when, processor, sink, why]),
    ),
    '## What comes from Kafka',
    'Every code of librdkafka and of the brokers belongs to one of these. Where no code is shown it says what was being done.',
    table(
      ['class', 'kind', 'code', 'why'],
      Object.entries(classRules).map(([name, { kind, code, why }]) => [name, kind, shown(code), why]),
    ),
    '## What comes from Cassandra',
    'By the code of the protocol; a code that is not here is taken for trouble that passes.',
    table(
      ['protocol', 'kind', 'code', 'what to do'],
      Array.from(cassandraRules, ([protocol, { kind, code, advice }]) => [
        `\`0x${protocol.toString(16).padStart(4, '0')}\``,
        kind,
        shown(code),
        advice,
      ]),
    ),
    '## What comes from the embedded store',
    table(
      ['code', 'kind', 'what it says'],
      storeRules.map(({ kind, code, says }) => [shown(code), kind, says('The store', '…')]),
    ),
  ]
}

function shown(code: string | undefined): string {
  return code === undefined ? '' : `\`${code}\``
}
