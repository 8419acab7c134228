import { resolve } from 'node:path'
import { nearest } from '../engine/config/suggest.ts'
import type { KeyEntry } from '../engine/access/keys.ts'
import { scopeNames, scopes } from '../engine/access/scopes.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { keyExpiry, wantedScopes } from './keys/flags.ts'
import { projectOptions } from './project/options.ts'
import { findRoot } from '../project/root.ts'
import { keysBeside, serviceSettings } from './serve/settings.ts'
import { textTable } from './terminal/text-table.ts'

const acts: Readonly<Record<string, (path: string, args: CommandArgs) => Promise<number>>> = {
  new: newKey,
  list: listKeys,
  revoke: revokeKey,
}

/** `millrace keys`. */
export const command: Command = {
  name: 'keys',
  summary: 'Makes, lists and revokes the keys that millrace serve lets in.',
  usage: 'millrace keys new|list|revoke [ID] [flags]',
  options: describedFlags({
    owner: { type: 'string', placeholder: 'NAME', description: 'new: whose key it is, for the audit' },
    scope: {
      type: 'string',
      multiple: true,
      placeholder: 'SCOPE',
      description:
        'new: what it allows, such as dlq:read, or dlq:release:orders for one topology; several times',
    },
    expires: {
      type: 'string',
      placeholder: 'DURATION',
      description: 'new: after how long it ends, such as 12h or 30d; never (default: 90d)',
    },
    keys: {
      type: 'string',
      placeholder: 'FILE',
      description: 'the file of keys (default: that of the service)',
    },
    access: {
      type: 'string',
      placeholder: 'FILE',
      description: 'the access file that names the file of keys',
    },
    output: commonFlags.output,
    project: commonFlags.project,
    env: commonFlags.env,
    store: commonFlags.store,
  }),
  help: `
A key is shown once, when it is made: the file keeps its hash. Whoever has the key may do what its scopes allow, until it
ends or is revoked; a service that runs sees the change at its next request.

Scopes:
${scopeNames.map((name) => `  ${name.padEnd(12)} ${scopes[name]}`).join('\n')}

Examples:
  millrace keys new --owner ada --scope dlq:read --scope dlq:release:orders --expires 30d
  millrace keys list
  millrace keys revoke 1f2e3d4c5b6a
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const [name, id, more] = args.positionals
  const act = name !== undefined && Object.hasOwn(acts, name) ? acts[name] : undefined
  if (act === undefined) {
    const near = name === undefined ? undefined : nearest(name, Object.keys(acts))
    if (near !== undefined) throw usage(`keys has no "${name}": did you mean ${near}?`)
    throw usage('keys needs to be told what to do: new, list or revoke.')
  }
  const extra = name === 'revoke' ? more : id
  if (extra !== undefined) throw usage(`keys ${name} has no use for "${extra}": leave it out.`)
  return act(await keysPath(args), args)
}

/** The file of keys that is meant. */
async function keysPath(args: CommandArgs): Promise<string> {
  const given = textFlag(args.values, 'keys')
  if (given !== undefined) return resolve(args.cwd, given)
  const options = await projectOptions(args)
  const { environment, store } = options
  const storeDir = store === undefined ? findRoot(options) : resolve(args.cwd, store)
  const { access } = await serviceSettings(args, { environment, storeDir })
  if (access?.keys?.kind === 'file') return access.keys.path
  if (access?.keys !== undefined)
    throw usage(
      'The keys are the text of a variable: give --keys FILE, and put what is in it into the variable.',
    )
  if (environment === undefined && textFlag(args.values, 'access') === undefined) return keysBeside(storeDir)
  throw usage('No file of keys is named: set access.keys to file:PATH, or give --keys FILE.')
}

async function newKey(path: string, args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'])
  const owner = textFlag(args.values, 'owner')?.trim()
  if (owner === undefined || owner === '' || owner.length > 200 || /\p{Cc}/u.test(owner))
    throw usage('keys new needs --owner NAME: the audit names it with each act.')
  const granted = wantedScopes(args.values)
  const now = Date.now()
  const expires = keyExpiry(args.values, now)
  const [{ changeKeys }, { makeKey }] = await Promise.all([
    import('../engine/access/key-file.ts'),
    import('../engine/access/keys.ts'),
  ])
  const { text, entry } = makeKey({ owner, scopes: granted, now, expires })
  await changeKeys(path, (keys) => ({ keys: [...keys, entry], result: undefined }))
  if (format === 'json') args.out(JSON.stringify({ key: text, ...told(entry, now), file: path }))
  else {
    const until = entry.expires === null ? 'It does not end by itself' : `It ends ${entry.expires}`
    args.err(`Key ${entry.id} of ${owner}, for ${granted.join(', ')}. ${until}. It is shown this once:`)
    args.out(text)
  }
  return 0
}

async function listKeys(path: string, args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const { readKeys } = await import('../engine/access/key-file.ts')
  const now = Date.now()
  const rows = (await readKeys(path)).map((entry) => told(entry, now))
  if (format === 'json') args.out(JSON.stringify(rows))
  else if (rows.length === 0) args.out(`There are no keys in ${path}: millrace keys new makes one.`)
  else {
    const cells = rows.map((row) => [
      ...[row.id, row.owner, row.state, row.scopes.join(' ')],
      ...[row.created, row.expires ?? 'never'],
    ])
    for (const line of textTable(['id', 'owner', 'state', 'scopes', 'made', 'ends'], cells)) args.out(line)
  }
  return 0
}

async function revokeKey(path: string, args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'])
  const [, id] = args.positionals
  if (id === undefined) throw usage('keys revoke needs the id of a key: see millrace keys list.')
  const now = Date.now()
  const { changeKeys } = await import('../engine/access/key-file.ts')
  const revoked = await changeKeys(path, (keys) => {
    const found = keys.find((entry) => entry.id === id)
    if (found === undefined) throw usage(`There is no key ${id} in ${path}: see millrace keys list.`)
    const result: KeyEntry = { ...found, revoked: found.revoked ?? new Date(now).toISOString() }
    return { keys: keys.map((entry) => (entry === found ? result : entry)), result }
  })
  if (format === 'json') args.out(JSON.stringify(told(revoked, now)))
  else args.out(`Key ${id} of ${revoked.owner} is revoked: it lets nobody in any more.`)
  return 0
}

/** A key as it is shown: without its hash. */
function told({ id, owner, scopes: granted, created, expires, revoked }: KeyEntry, now: number) {
  const ended = expires !== null && now >= Date.parse(expires)
  const state = revoked !== undefined ? 'revoked' : ended ? 'ended' : 'good'
  return { id, owner, state, scopes: granted, created, expires, revoked: revoked ?? null }
}
