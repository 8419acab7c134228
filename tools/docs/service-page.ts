import { z } from 'zod'
import { serviceDocument, serviceRoutes } from '../../cli/service/own-routes.ts'
import { accessFileSchema } from '../../engine/config/access-schema.ts'
import { scopes } from '../../engine/access/scopes.ts'
import { fieldTable, type JsonSchema } from './field-table.ts'
import { page, table } from './markdown.ts'

const serviceNotes = `
What \`millrace serve\` serves. The [OpenAPI document](openapi.json) has every field and answer; the service serves it too, at
\`/v1/openapi.json\`. The [guide](../guide/http.md) tells how it is used.
`

const accessNotes = `
An access file has the sections \`http\` and \`access\` of an [environment](environment.md), for a service on the embedded store, or
where one file is not to say both where things are and who may come in: \`millrace serve --access FILE\`.

    # yaml-language-server: $schema=../docs/reference/access.schema.json
    access: { keys: file:keys.json }

Secrets are never in the file: \`env:NAME\` is a variable, \`file:PATH\` a file. Relative paths start from the file's own folder.
`

/** The pages about the service, its OpenAPI document and the schema of access files, by path. */
export function servicePages(): Map<string, string> {
  const never = (): never => {
    throw new Error('The routes are described, not used.')
  }
  const routes = serviceRoutes(never, never)
  const rows = routes.map(({ method, path, scope, summary }) => [
    `\`${method} ${path}\``,
    scope === 'none' || scope === 'identity' ? wider[scope] : `\`${scope}\``,
    summary,
  ])
  const access = z.toJSONSchema(accessFileSchema, { target: 'draft-07', io: 'input' }) as JsonSchema
  const granted = Object.entries(scopes).map(([name, what]) => [`\`${name}\``, what])
  return new Map([
    ['openapi.json', `${JSON.stringify(serviceDocument(routes), undefined, 2)}\n`],
    ['access.schema.json', `${JSON.stringify(access, undefined, 2)}\n`],
    ['access.md', page('Access files', [accessNotes.trim(), '## Fields', fieldTable(access)])],
    [
      'http.md',
      page('The HTTP service', [
        serviceNotes.trim(),
        table(['route', 'scope', 'what it does'], rows),
        '## Scopes',
        'With `:TOPOLOGY` behind it, a scope is for that topology alone: `dlq:release:orders`.',
        table(['scope', 'allows to'], granted),
      ]),
    ],
  ])
}

const wider = { none: 'none', identity: 'any identity' } as const
