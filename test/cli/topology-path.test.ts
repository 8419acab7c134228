import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { topologyPath, topologyPaths } from '../../cli/project/topology-path.ts'
import { Folder } from './full-command-line.ts'

let folder: Folder

const topology = (name: string) => `name: ${name}
sources: { orders: { type: topic, topic: orders, format: json, begin: none } }
sinks: { out: { type: console, from: orders } }\n`

beforeAll(() => {
  folder = new Folder()
  folder.write('here.yaml', topology('here'))
  folder.write('shop/here.yaml', topology('there'))
  folder.write('shop/topologies/orders.yaml', topology('orders'))
  folder.write('shop/schemas/orders/.gitkeep', '')
})
afterAll(() => folder.remove())

test.each([
  ['here.yaml', undefined, 'here.yaml'],
  ['here.yaml', 'shop', 'here.yaml'],
  ['topologies/orders.yaml', 'shop', 'shop/topologies/orders.yaml'],
  ['shop/topologies/orders.yaml', 'shop', 'shop/topologies/orders.yaml'],
  ['nowhere.yaml', 'shop', 'nowhere.yaml'],
  ['orders', 'shop', 'shop/topologies/orders.yaml'],
  ['orders', 'shop/schemas/orders', 'shop/topologies/orders.yaml'],
  ['topologies/orders.yaml', 'shop/schemas/orders', 'shop/topologies/orders.yaml'],
])('%s with --project %s is %s', (file, project, found) => {
  expect(topologyPath(file, { cwd: folder.path, values: { project } })).toBe(join(folder.path, found))
})

test('of all files of a folder, those with cases are no topologies; alone, one is a mistake', () => {
  const args = { cwd: folder.path, values: {} }
  expect(topologyPaths(['here.test.yaml', 'here.yaml'], args)).toEqual([join(folder.path, 'here.yaml')])
  expect(topologyPaths([], args)).toEqual([])
  expect(() => topologyPaths(['here.test.yaml'], args)).toThrow(
    'here.test.yaml has the cases of a topology: name here.yaml, or run millrace test here.test.yaml.',
  )
})

test('a topology runs from another folder, in its own project, and begins where it says', async () => {
  folder.write('orders.jsonl', '{"n":1}\n')
  expect(await folder.run('produce orders --raw --file orders.jsonl --project shop')).toMatchObject({
    code: 0,
  })
  const line = 'run topologies/orders.yaml --project shop --until-end --http off'
  expect(await folder.run(line)).toMatchObject({
    code: 1,
    err: [
      'millrace: Group orders has committed no offset of partition 0 of orders, and its source says begin: none: set ' +
        'where it begins (millrace offsets set), or have the source say it.',
    ],
  })
  folder.write('shop/topologies/orders.yaml', topology('orders').replace('none', 'earliest'))
  expect(await folder.run(line)).toMatchObject({ code: 0, out: ['{"n":1}'] })
})
