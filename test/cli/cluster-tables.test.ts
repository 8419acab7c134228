import { expect, test } from '@jest/globals'
import type { WriteOptions } from '../../engine/component/contracts/log.ts'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import type { Catalogue } from '../../engine/cql/schema.ts'
import { clusterTables } from '../../cli/project/cluster-tables.ts'

test('who writes, and that it goes ahead, reaches the tables of the cluster', async () => {
  const written: unknown[] = []
  const tables = {
    write(_rows: unknown, options?: WriteOptions) {
      written.push(options)
      return Promise.resolve([])
    },
    load: (writer: string) => ({ most: 128, underWay: 1, waiting: writer.length }),
    close: () => Promise.resolve(),
  }
  const client = { close: () => Promise.resolve() }
  const connected = { client, tables } as never
  const opened = clusterTables({} as EnvironmentConfig, { tables: new Map() } as unknown as Catalogue, () =>
    Promise.resolve(connected),
  )
  expect(opened.tables.load?.('alarms')).toBeUndefined()
  await opened.tables.write([], { ahead: true, writer: 'alarms' })
  expect(written).toEqual([{ ahead: true, writer: 'alarms' }])
  expect(opened.tables.load?.('alarms')).toEqual({ most: 128, underWay: 1, waiting: 6 })
  await opened.close()
})
