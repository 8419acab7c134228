// Kafka's jars and the small Java programs beside them.

import { readdir, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache.ts'
import { command } from './command.ts'
import { fetchJars, sha256 } from './maven-jars.ts'

/** The version of the broker and of the Java clients; java/pom.xml and the file of hashes say the same. */
export const kafkaVersion = '4.1.0'

const java = fileURLToPath(new URL('java/', import.meta.url))

/** What a JVM of the test kit is started with. */
export interface JavaProgram {
  /** Every jar by its name: an archive of classes holds for just this list. */
  classPath: string
  /** Says which programs and libraries these are. */
  hash: string
}

/**
 * The class path of Kafka and of the programs in java/. Maven fetches the jars, from Maven Central or from the
 * mirror that its settings name; each is held against the hash in java/kafka-VERSION.sha256.
 *
 * @throws Error in one sentence where mvn or javac is missing, a jar is not the expected one, or nothing answers
 */
export async function kafkaProgram(): Promise<JavaProgram> {
  const hashes = join(java, `kafka-${kafkaVersion}.sha256`)
  const fetch = (folder: string) => fetchJars(join(java, 'pom.xml'), hashes, folder)
  const jars = await cached(`kafka-${kafkaVersion}`, fetch)
  const libraries = (await readdir(jars)).sort().map((name) => join(jars, name))
  const programs = (await readdir(java)).filter((name) => name.endsWith('.java')).sort()
  const sources = await Promise.all(programs.map((name) => readFile(join(java, name))))
  const hash = sha256(Buffer.concat([Buffer.from(kafkaVersion), ...sources])).slice(0, 16)
  const folder = await cached(`java-${hash}`, async (aside) => {
    const classes = join(aside, 'classes')
    const files = programs.map((name) => join(java, name))
    await command('javac', ['-encoding', 'UTF-8', '-nowarn', '-d', classes, '-cp', join(jars, '*'), ...files])
    await command('jar', ['--create', '--file', join(aside, 'programs.jar'), '-C', classes, '.'])
  })
  return { classPath: [join(folder, 'programs.jar'), ...libraries].join(delimiter), hash }
}
