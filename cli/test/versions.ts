import type { Place, WritableVersion } from '../../engine/testing/place.ts'
import type { Project } from '../project/project.ts'

/** The versions of a record type in schemas/: those of the topic's folder, or of any other where it has none. */
export async function versionsOf(
  project: Pick<Project, 'registry'>,
  [type, topic]: Parameters<Place['versions']>,
): Promise<WritableVersion[]> {
  const [registry, { avroValueEncoder }] = await Promise.all([
    project.registry(),
    import('../../engine/avro/value-codec.ts'),
  ])
  const named = registry.files().filter(({ schema }) => schema.fullName === type)
  const own = named.filter((file) => file.topic === topic)
  return (own.length > 0 ? own : named).map(({ schema, semver, version }) => ({
    version: semver === undefined ? String(version) : versionText(semver),
    encoder: avroValueEncoder({ id: schema.contentId, schema }),
  }))
}

/** As files are called: without a PATCH of 0. */
function versionText({ major, minor, patch }: { major: number; minor: number; patch: number }): string {
  return patch === 0 ? `${major}.${minor}` : `${major}.${minor}.${patch}`
}
