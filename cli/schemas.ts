import { nearest } from '../engine/config/suggest.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, usage } from './command-line/flags.ts'
import { schemasContext, type SchemasContext } from './schemas/context.ts'

type Act = (context: SchemasContext) => Promise<number>

const acts: Readonly<Record<string, () => Promise<Act>>> = {
  lint: async () => (await import('./schemas/lint.ts')).lintSchemas,
  check: async () => (await import('./schemas/check.ts')).checkSchemas,
  plan: async () => (await import('./schemas/plan.ts')).planSchemas,
  apply: async () => (await import('./schemas/plan.ts')).applySchemas,
  pull: async () => (await import('./schemas/pull.ts')).pullSchemas,
  diff: async () => (await import('./schemas/diff.ts')).diffSchemas,
  types: async () => (await import('./schemas/types.ts')).writeTypes,
}

/** `millrace schemas`. */
export const command: Command = {
  name: 'schemas',
  summary:
    'Checks schemas: style, compatibility, versions; registers them, compares with a registry; TypeScript types.',
  usage: 'millrace schemas lint|check|plan|apply|pull|diff|types [NAME…] [flags]',
  options: describedFlags({
    env: {
      ...commonFlags.env,
      description: 'the registry of environments/NAME.yaml (default: MILLRACE_ENV)',
    },
    against: {
      type: 'string',
      placeholder: 'REV',
      description: 'check: versions that a git revision has may not be edited or removed',
    },
    staged: {
      type: 'boolean',
      description: 'lint, check: the schemas as they are staged for the next commit of git, for a hook',
    },
    'fail-on': {
      type: 'string',
      placeholder: 'SEVERITY',
      description:
        'lint: what makes the exit code 1: error (the default), warning or info, and what is worse',
    },
    explain: {
      type: 'string',
      placeholder: 'CODE',
      description: 'lint: what a rule is about, with an example',
    },
    date: {
      type: 'string',
      placeholder: 'DAY',
      description: 'check: the day that deprecations are judged by, such as 2026-11-22 (default: today)',
    },
    'dry-run': { type: 'boolean', description: 'apply, pull, types: only say what would be done' },
    output: {
      ...commonFlags.output,
      description: 'text (the default), json; lint, check, plan, apply and diff: github, junit too',
    },
    project: commonFlags.project,
  }),
  help: `
What can be done:
  lint    the style of the newest versions, or of the files named: names, docs, money, time, ids, personal data
  check   each version with all earlier ones, as schemas/catalogue.yaml promises for its topic (compatibility:), and
          whether its number says what changed; --against REV: with git; --env NAME: with what the registry has
  plan    what would be registered in which subject and why, who goes over first, and which levels set
  apply   does that, oldest versions first; refused where anything is incompatible
  pull    writes the versions that the registry has and schemas/ lacks as files
  diff    what differs between registry and files; NAME V1 V2: between two versions of a record
  types   writes schemas/types.ts, TypeScript types of the newest versions, for millrace/producer and functions

NAME is a topic, a record (with or without its namespace), a subject, or a file.

Examples:
  millrace schemas check --against origin/main -o github
  millrace schemas apply --env production
  millrace schemas diff OrderCreated 1.0 1.1
`,
  exits: {
    0: 'plan and diff: nothing to do; the others: done, and nothing found',
    1: 'lint and check: something is found; plan and apply: something is refused, and nothing is changed; types --dry-run: the file is not up to date',
    2: 'the command line is wrong; lint and check: or a file cannot be read',
    3: 'plan and diff: something is to be done',
  },
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const [name] = args.positionals
  const load = name !== undefined && Object.hasOwn(acts, name) ? acts[name] : undefined
  if (load === undefined) {
    const near = name === undefined ? undefined : nearest(name, Object.keys(acts))
    if (near !== undefined) throw usage(`schemas has no "${name}": did you mean ${near}?`)
    throw usage('schemas needs to be told what to do: lint, check, plan, apply, pull, diff or types.')
  }
  const act = await load()
  const context = schemasContext(args)
  if (args.values['staged'] !== true) return act(context)
  if (name !== 'lint' && name !== 'check') throw usage(`--staged is for lint and check, not for ${name}.`)
  const { withStaged } = await import('./schemas/staged.ts')
  return withStaged(context, act)
}
