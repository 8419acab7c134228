import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { Folder } from './full-command-line.ts'

jest.setTimeout(60_000)

let folder: Folder
beforeAll(() => {
  folder = new Folder()
})
afterAll(() => folder.remove())

test.each(['latest', '"2100-01-01T00:00:00Z"'])(
  'a worker that begins behind all records (%s) is at the end at once, and goes on from there',
  async (begin) => {
    const name = `visits-${begin.length}`
    folder.write(
      'topologies/visits.yaml',
      `name: ${name}
sources: { visits: { type: topic, topic: ${name}, format: json, begin: ${begin} } }
sinks: { out: { type: console, from: visits } }\n`,
    )
    folder.write('visits.jsonl', '{"n":1}\n{"n":2}\n')
    const produce = `produce ${name} --raw --file visits.jsonl --project .`
    const run = 'run topologies/visits.yaml --until-end --http off --project .'
    expect(await folder.run(produce)).toMatchObject({ code: 0 })
    expect(await folder.run(run)).toMatchObject({ code: 0, out: [] })
    expect(await folder.run(produce)).toMatchObject({ code: 0 })
    expect(await folder.run(run)).toMatchObject({ code: 0, out: ['{"n":1}', '{"n":2}'] })
  },
)
