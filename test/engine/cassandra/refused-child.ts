// A process that is let in nowhere: of each of its arguments, the settings of a client, it says how connecting failed. It
// ends by itself, if nothing is left open.

import { openClient } from '../../../engine/cassandra/client.ts'
import type { CassandraSettings } from '../../../engine/cassandra/settings.ts'
import type { MillraceError } from '../../../engine/errors.ts'

for (const word of process.argv.slice(2)) {
  const error = await openClient(JSON.parse(word) as CassandraSettings).then(
    () => undefined,
    (thrown: MillraceError) => thrown,
  )
  console.log(error === undefined ? 'let in' : `${error.kind} ${error.code}`)
}
