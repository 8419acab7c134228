import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDirectoryRegistry } from '../../../engine/avro/directory-registry.ts'

/** The schemas of a project: one version of one record, in the folder of a topic. */
export async function projectWith(topic: string, schema: { readonly name: string }) {
  const root = await mkdtemp(join(tmpdir(), 'registry-project-'))
  await mkdir(join(root, topic))
  const file = `${schema.name.split('.').at(-1)!}.v1.avsc`
  await writeFile(join(root, topic, file), JSON.stringify(schema, undefined, 2))
  const remove = () => rm(root, { recursive: true, force: true })
  return { files: await openDirectoryRegistry(root), remove }
}
