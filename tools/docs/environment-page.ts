import { z } from 'zod'
import { catalogueSchema } from '../../engine/config/catalogue.ts'
import { environmentSchema } from '../../engine/config/environment-schema.ts'
import { fieldTable, type JsonSchema } from './field-table.ts'
import { page } from './markdown.ts'

const environmentNotes = `
An environment is a YAML file in \`environments/\`: where the parts of a cluster are, and how to get in. \`--env NAME\`, or the
variable \`MILLRACE_ENV\`, binds a topology to it; without either, everything is in the embedded store. The
[guide](../guide/environments.md) tells how environments are used.

\`\${NAME}\` and \`\${NAME:default}\` in values stand for environment variables. Secrets are never in the file: \`env:NAME\` is a
variable, \`file:PATH\` a file. Relative paths start from the file's own folder, those of \`state.dir\` and \`registry.cache\`
from the project's.

Editors that know the YAML language server complete and check a file that begins with

    # yaml-language-server: $schema=../docs/reference/environment.schema.json
`

const catalogueNotes = `
\`schemas/catalogue.yaml\` says what the topics of a project are meant to be. \`millrace topics plan\` and \`apply\` compare a
cluster with it and bring it there; \`millrace lint\` uses what it says of keys, partitions and rates.

    # yaml-language-server: $schema=../docs/reference/catalogue.schema.json
    topics:
      audit-events: { owner: audit, key: entityId, partitions: 12, retention: 7d, compression: lz4 }
`

/** The pages and JSON Schemas of environment files and of the catalogue, by path. */
export function environmentPages(): Map<string, string> {
  const environment = jsonSchema(environmentSchema)
  const catalogue = jsonSchema(catalogueSchema)
  return new Map([
    ['environment.schema.json', `${JSON.stringify(environment, undefined, 2)}\n`],
    ['catalogue.schema.json', `${JSON.stringify(catalogue, undefined, 2)}\n`],
    [
      'environment.md',
      page('Environment files', [environmentNotes.trim(), '## Fields', fieldTable(environment)]),
    ],
    ['catalogue.md', page('The catalogue', [catalogueNotes.trim(), '## Fields', fieldTable(catalogue)])],
  ])
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'draft-07', io: 'input' }) as JsonSchema
}
