import { z } from 'zod'
import { scopes } from '../access/scopes.ts'
import type { Route } from './route.ts'

type Json = Readonly<Record<string, unknown>>

const problem = (description: string): Json => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

const problems: Readonly<Record<number, string>> = {
  400: 'The request is not of the form that HTTP or JSON wants.',
  401: 'Credentials are missing, or not good.',
  403: 'A scope is missing.',
  404: 'There is no such thing.',
  409: 'It is in a state in which that cannot be.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'What is asked for cannot be.',
  429: 'Too many requests, or too many failed logins: Retry-After says when to come again.',
  500: 'A defect: the log has it under the request’s id.',
  503: 'Something behind the service is away: try again later.',
}

/** What may go wrong with any route, with those of an identity, with those that have a body. */
function problemsOf({ scope, method, params }: Route): number[] {
  const known = scope === 'none' ? [] : [401, 429]
  const limited = scope === 'none' || scope === 'identity' ? [] : [403, 422]
  const sent = method === 'POST' ? [404, 409, 413, 415] : params === undefined ? [] : [404]
  return [...new Set([400, ...known, ...limited, ...sent, 500, 503])].sort((a, b) => a - b)
}

/** The document of a service (OpenAPI 3.1), made of its routes. */
export function openApi(
  routes: readonly Route[],
  about: { readonly title: string; readonly version: string; readonly description: string },
): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const one of routes) (paths[one.path] ??= {})[one.method.toLowerCase()] = operation(one)
  return {
    openapi: '3.1.0',
    info: { ...about, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ bearer: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: `A key of Millrace (\`mk_…\`) or a JSON web token. Scopes, each with \`:TOPOLOGY\` behind it for one topology alone: ${Object.entries(
            scopes,
          )
            .map(([name, what]) => `\`${name}\` (${what})`)
            .join(', ')}.`,
        },
      },
      schemas: { Problem: problemSchema },
    },
  }
}

const problemSchema: Json = {
  type: 'object',
  description: 'RFC 9457.',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { const: 'about:blank' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'One sentence.' },
    code: { type: 'string', description: 'For programs.' },
    requestId: { type: 'string', description: 'The request in the log.' },
  },
}

function operation(one: Route): Json {
  const { id, tag, summary, description, scope, body, answers } = one
  const given = Object.entries(answers).map(([status, answer]) => [
    status,
    {
      description: answer.description,
      content: { 'application/json': { schema: jsonSchema(answer.schema, 'output') } },
    },
  ])
  const wrong = problemsOf(one).map((status) => [String(status), problem(problems[status]!)])
  const parameters = parametersOf(one)
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(scope === 'none' ? { security: [] } : scope !== 'identity' && { 'x-scope': scope }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body, 'input') } } },
    }),
    responses: Object.fromEntries([...given, ...wrong]),
  }
}

function parametersOf({ params, query, act }: Route): Json[] {
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'The same request with the same key is carried out once; sent again, it gets the same answer. Kept for a day.',
    schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
  }
  return [...fieldsOf(params, 'path'), ...fieldsOf(query, 'query'), ...(act === undefined ? [] : [key])]
}

function fieldsOf(schema: z.ZodType | undefined, where: 'path' | 'query'): Json[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    readonly properties?: Readonly<Record<string, { readonly description?: string }>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    ...{ name, in: where, required: where === 'path' || required.includes(name) },
    ...(description !== undefined && { description }),
    schema: rest,
  }))
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  })
  return rest
}
