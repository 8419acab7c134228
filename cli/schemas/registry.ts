import type { RegistryAdmin } from '../../engine/avro/registry-admin.ts'
import type { SubjectReport } from '../../engine/avro/compatibility/check-types.ts'
import type { SubjectState, SubjectStep } from '../../engine/avro/compatibility/registry-plan.ts'
import type { SchemaFile } from '../../engine/avro/schema-files.ts'
import { downstreamError, MillraceError } from '../../engine/errors.ts'
import { needEnvironment } from '../project/environment-file.ts'
import { usage } from '../command-line/flags.ts'
import { whatChanged } from './check-text.ts'
import { modesOf, type SchemasContext } from './context.ts'

/** The registry of an environment. */
export interface OpenRegistry {
  readonly admin: RegistryAdmin
  /** The subject of a file. */
  readonly subjectOf: (file: SchemaFile) => string
}

/** What is to be done about a subject, and why. */
export interface PlannedSubject extends SubjectStep {
  /** The newest file of the subject. */
  readonly file: string
  /** What the versions to be registered change and who goes over first, or what forbids it. */
  readonly reason: string
}

/** Works with the registry of the environment that is named, and closes it. Throws USAGE where it has none. */
export async function withOpenRegistry<Result>(
  { args, root }: SchemasContext,
  work: (registry: OpenRegistry) => Promise<Result>,
): Promise<Result> {
  const environment = await needEnvironment('this', args, root)
  const { registry } = environment
  if (registry === undefined) {
    throw usage(
      'The environment has no schema registry: give it one (registry: { url: … }), or name another.',
    )
  }
  const [{ RegistryAdmin }, { writerSubject }] = await Promise.all([
    import('../../engine/avro/registry-admin.ts'),
    import('../../engine/avro/registry-subjects.ts'),
  ])
  const admin = new RegistryAdmin(registry)
  try {
    return await work({
      admin,
      subjectOf: ({ topic, schema }) => writerSubject(registry.subjects, topic, schema.fullName),
    })
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'REGISTRY_UNAVAILABLE') throw error
    // A worker asks again; a command is over.
    const sentence = error.message.replace('it will be asked again.', 'run this again when it does.')
    throw downstreamError('REGISTRY_UNAVAILABLE', sentence, { cause: error, facts: error.facts })
  } finally {
    admin.close()
  }
}

/** The files of each subject, oldest first. */
export function bySubject(
  files: readonly SchemaFile[],
  { subjectOf }: OpenRegistry,
): Map<string, SchemaFile[]> {
  return Map.groupBy(files, subjectOf)
}

/** What the registry has of a subject. */
export async function stateOf({ admin }: OpenRegistry, subject: string): Promise<SubjectState> {
  const [versions, level] = await Promise.all([admin.versions(subject), admin.level(subject)])
  return { versions, level }
}

/**
 * What is to be done so that the registry has what the files say. What `reports` finds wrong with a file that would be
 * registered refuses it, and so does the registry's own opinion.
 */
export async function stepsOf(
  files: readonly SchemaFile[],
  reports: readonly SubjectReport[],
  registry: OpenRegistry,
  context: SchemasContext,
): Promise<PlannedSubject[]> {
  const [{ planSubject, refusedStep }, modeOf] = await Promise.all([
    import('../../engine/avro/compatibility/registry-plan.ts'),
    modesOf(context),
  ])
  const steps: PlannedSubject[] = []
  for (const [subject, own] of bySubject(files, registry)) {
    const state = await stateOf(registry, subject)
    const step = planSubject(subject, own, modeOf(own[0]!.topic), state)
    const refusals = [...offline(step, reports), ...(await opinions(step, state, registry))]
    const whole = refusedStep(step, refusals)
    steps.push({ ...whole, file: own.at(-1)!.path, reason: reasonOf(whole, reports) })
  }
  return steps
}

function reasonOf(step: SubjectStep, reports: readonly SubjectReport[]): string {
  switch (step.action) {
    case 'unchanged':
      return 'the registry has it'
    case 'set level':
      return 'the topic promises another compatibility'
    case 'refused': {
      const more = step.refusals.length - 1
      return step.refusals[0]! + (more === 0 ? '' : ` (and ${more} more, below)`)
    }
    case 'register': {
      const paths = new Set(step.register.map(({ path }) => path))
      const versions = reports.flatMap((report) => report.versions).filter(({ file }) => paths.has(file))
      if (versions.length === 1) return whatChanged(versions[0]!)
      return versions.map((one) => `${one.version}: ${whatChanged(one)}`).join('. ')
    }
  }
}

function offline({ register }: SubjectStep, reports: readonly SubjectReport[]): string[] {
  const paths = new Set(register.map(({ path }) => path))
  const problems = reports.flatMap(({ versions }) => versions.flatMap((one) => one.problems))
  return problems.filter(({ file }) => paths.has(file)).map(({ file, message }) => `${file}: ${message}`)
}

async function opinions(
  { subject, register }: SubjectStep,
  { versions }: SubjectState,
  { admin }: OpenRegistry,
): Promise<string[]> {
  if (versions.length === 0) return []
  const said: string[] = []
  for (const file of register) {
    const opinion = await admin.opinion(subject, file.schema)
    if (opinion?.compatible === false) {
      said.push(`${file.path}: the registry finds it incompatible (${opinion.reason}).`)
    }
  }
  return said
}
