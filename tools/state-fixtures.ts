// Makes the stored examples of what the state room writes: `node tools/state-fixtures.ts`. Each version's example is made
// once, by the code that introduced the version, and stays as it is for as long as that version is read: running this must
// change nothing that is committed (test/engine/state/formats.test.ts holds the writers to it).
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stateExamples, writeLocalExample } from './state/examples.ts'

const folder = join(import.meta.dirname, '..', 'test', 'engine', 'state', 'fixtures')

await mkdir(folder, { recursive: true })
for (const [name, bytes] of Object.entries(stateExamples())) await writeFile(join(folder, name), bytes)
await rm(join(folder, 'local-v1'), { recursive: true, force: true })
await writeLocalExample(join(folder, 'local-v1'))
