import { outputFlag } from '../command-line/flags.ts'
import { dayFlag, modesOf, namedFiles, schemaFilesOf, type SchemasContext } from './context.ts'
import { planFormats, showPlan } from './plan-text.ts'
import { stepsOf, withOpenRegistry, type OpenRegistry, type PlannedSubject } from './registry.ts'

/** `millrace schemas plan`. Answers 0 where there is nothing to do, 3 where there is, 1 where something is refused. */
export function planSchemas(context: SchemasContext): Promise<number> {
  return withOpenRegistry(context, async (registry) => {
    const steps = await plannedSteps(context, registry)
    await showPlan(steps, context)
    if (steps.some(({ action }) => action === 'refused')) return 1
    return steps.some(({ action }) => action !== 'unchanged') ? 3 : 0
  })
}

/** `millrace schemas apply`. Answers 0 when it is done, 1 where something is refused: then nothing is changed. */
export async function applySchemas(context: SchemasContext): Promise<number> {
  const { args } = context
  if (args.values['dry-run'] === true) return planSchemas(context)
  return withOpenRegistry(context, async (registry) => {
    const steps = await plannedSteps(context, registry)
    if (steps.some(({ action }) => action === 'refused')) {
      await showPlan(steps, context)
      args.err('Nothing was changed, because something is refused.')
      return 1
    }
    const text = outputFlag(args.values, planFormats) === 'text'
    for (const step of steps) await carryOut(step, registry, text ? args.out : () => undefined)
    if (!text) await showPlan(steps, context)
    else if (steps.every(({ action }) => action === 'unchanged')) args.out('Nothing to do.')
    return 0
  })
}

async function plannedSteps(context: SchemasContext, registry: OpenRegistry): Promise<PlannedSubject[]> {
  const { checkFiles } = await import('../../engine/avro/compatibility/check.ts')
  const [files, modeOf] = await Promise.all([schemaFilesOf(context), modesOf(context)])
  const reports = checkFiles(files, { modeOf, today: dayFlag(context.args) })
  return stepsOf(namedFiles(files, context.words), reports, registry, context)
}

/** The level first: what is registered is then checked by it. */
async function carryOut(
  { subject, register, level }: PlannedSubject,
  { admin }: OpenRegistry,
  out: (line: string) => void,
): Promise<void> {
  if (level !== undefined) {
    const done = await admin.setLevel(subject, level.to)
    out(done ? `${subject}: ${level.to}, was ${level.from}` : `${subject}: the registry has no levels to set`)
  }
  for (const file of register) {
    const id = await admin.register(subject, file.schema)
    out(`${subject}: registered ${file.path}, id ${id}`)
  }
}
