// Kafka Streams with its TopologyTestDriver from Maven Central, and the small Java program that asks it.

import { readdir, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache.ts'
import { command } from './command.ts'
import { fetchJars, sha256 } from './maven-jars.ts'

const streamsVersion = '4.1.0'
const java = fileURLToPath(new URL('java/streams/', import.meta.url))

/**
 * The class path of java/streams/StreamsWitness.java and its libraries; fetched and compiled once per machine.
 *
 * @throws Error in one sentence where mvn or javac is missing, a jar is not the expected one, or nothing answers
 */
export async function streamsClassPath(): Promise<string> {
  const hashes = join(java, `streams-${streamsVersion}.sha256`)
  const pom = join(java, 'pom.xml')
  const libraries = await cached(`streams-${streamsVersion}`, (folder) => fetchJars(pom, hashes, folder))
  const programs = (await readdir(java))
    .filter((name) => name.endsWith('.java'))
    .map((name) => join(java, name))
  const sources = await Promise.all(programs.map((path) => readFile(path)))
  const hash = sha256(Buffer.concat([Buffer.from(streamsVersion), ...sources])).slice(0, 16)
  const classes = await cached(`java-${hash}`, async (aside) => {
    await command('javac', [
      '-encoding',
      'UTF-8',
      '-nowarn',
      '-d',
      aside,
      '-cp',
      join(libraries, '*'),
      ...programs,
    ])
  })
  return [classes, join(libraries, '*')].join(delimiter)
}
