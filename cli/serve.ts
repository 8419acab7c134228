import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, textFlag, usage } from './command-line/flags.ts'
import { projectOptions } from './project/options.ts'
import { needStore, openProject, type Project } from './project/project.ts'
import { serviceSettings, type ServiceSettings } from './serve/settings.ts'

const patienceMs = 10_000

/** `millrace serve`. */
export const command: Command = {
  name: 'serve',
  summary: 'Serves operations over HTTP: what dlq does, for whoever has a key or token.',
  usage: 'millrace serve [--env NAME] [--access FILE] [--http HOST:PORT]',
  options: describedFlags({
    http: {
      type: 'string',
      placeholder: 'HOST:PORT',
      description:
        'where it listens (default: http.listen of the environment, or 127.0.0.1:8480); port 0 is any free one',
    },
    access: {
      type: 'string',
      placeholder: 'FILE',
      description: 'a file with the sections http and access, instead of those of the environment',
    },
    'without-identity': {
      type: 'boolean',
      description: 'ask nobody who they are, and allow everything: on a loopback address alone',
    },
    env: commonFlags.env,
    project: commonFlags.project,
    store: commonFlags.store,
  }),
  help: `
Who may do what is said by keys of Millrace (millrace keys new) and JSON web tokens, with scopes. Without an environment
keys are in .millrace/keys.json; what else there is to say is said by the sections http and access of an environment,
or of an access file. Every act, also one that is refused, is written into the topic millrace.acts.

On an address that other machines can reach it wants TLS, or a proxy that it knows (http.proxies).

SIGINT and SIGTERM stop it in order: what is under way is answered.

Examples:
  millrace keys new --owner ada --scope dlq:read --scope dlq:release
  millrace serve
  curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8480/v1/dlq/keys
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const [more] = args.positionals
  if (more !== undefined) throw usage(`serve has no use for "${more}": it serves a whole project.`)
  const project = await openProject(await projectOptions(args))
  try {
    needStore(project)
    await serveProject(args, project)
  } finally {
    await project.close()
  }
  return 0
}

async function serveProject(args: CommandArgs, project: Project): Promise<void> {
  const http = await addressed(args, await serviceSettings(args, project))
  const { openTheDoor } = await import('./service/door.ts')
  const door = await openTheDoor(http, args.values['without-identity'] === true)
  const { startService } = await import('./service/start.ts')
  const service = await startService(project, http.http, door, args.err)
  try {
    args.out(`Serving ${project.root} at ${service.url}`)
    if (door.open)
      args.err('millrace: nobody is asked who they are: whoever is on this machine may do everything.')
    await aborted(args.signal)
  } finally {
    await service.close(patienceMs)
  }
}

async function addressed(args: CommandArgs, settings: ServiceSettings): Promise<ServiceSettings> {
  const flag = textFlag(args.values, 'http')
  if (flag === undefined) return settings
  const { parseHttpFlag } = await import('../engine/observe/http-address.ts')
  const address = parseHttpFlag(flag)
  if (address === undefined) throw usage('--http off would serve nothing: give HOST:PORT.')
  return { ...settings, http: { ...settings.http, ...address } }
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
