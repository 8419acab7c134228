// What a registry would make of files that share a subject.
import { expect, test } from '@jest/globals'
import { planSubject } from '../../../../engine/avro/compatibility/registry-plan.ts'
import { readSchemaFiles } from '../../../../engine/avro/schema-files.ts'
import { folderWith } from '../../../support/folder.ts'

const record = (name: string): string =>
  JSON.stringify({ type: 'record', name, namespace: 'shop', fields: [{ name: 'id', type: 'string' }] })

async function plan(names: readonly string[], mode: 'FULL' | 'NONE') {
  const folder = folderWith(
    Object.fromEntries(names.map((name) => [`orders/${name}.v1.0.avsc`, record(name)])),
  )
  try {
    const files = await readSchemaFiles(folder.path)
    return planSubject('orders-value', files, mode, { level: undefined, versions: [] })
  } finally {
    folder.remove()
  }
}

test('one record type is registered', async () => {
  expect(await plan(['Created'], 'FULL')).toMatchObject({ action: 'register', refusals: [] })
})

test('of several in one subject none is, unless nothing is compared', async () => {
  expect(await plan(['Cancelled', 'Created'], 'FULL')).toMatchObject({
    action: 'refused',
    refusals: [
      expect.stringMatching(
        /^orders-value is one subject for shop\.Cancelled, shop\.Created, .*subjects: record/,
      ),
    ],
  })
  expect(await plan(['Cancelled', 'Created'], 'NONE')).toMatchObject({ action: 'register', refusals: [] })
})
