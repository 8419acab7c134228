import { z } from 'zod'
import { caseFileSchema } from '../../engine/testing/case-schema.ts'
import { fieldTable, type JsonSchema } from './field-table.ts'
import { page } from './markdown.ts'

const notes = `
\`millrace test\` runs the cases in \`topologies/NAME.test.yaml\`, beside the topology. The [guide](../guide/testing.md) tells how
cases are written. Editors that know the YAML language server complete and check a file that begins with

    # yaml-language-server: $schema=../docs/reference/test.schema.json
`

/** The page and the JSON Schema of case files, by path. */
export function testPages(): Map<string, string> {
  const schema = z.toJSONSchema(caseFileSchema, { target: 'draft-07', io: 'input' }) as JsonSchema
  return new Map([
    ['test.schema.json', `${JSON.stringify(schema, undefined, 2)}\n`],
    ['test.md', page('Test cases', [notes.trim(), '## Fields', fieldTable(schema)])],
  ])
}
