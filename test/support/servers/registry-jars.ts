// Apicurio's registry from Maven Central, and the small Java program that starts it.

import { mkdir, readFile, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache.ts'
import { command } from './command.ts'
import { sha256 } from './maven-jars.ts'

/** The newest that runs on Java 17. */
export const registryVersion = '3.0.9'

// Of the archive with all its jars, 104 MB.
const archiveHash = '2b28181501a20cbf6efcd77f9b7153908fc01f3d3a7c32024c0bd9e1b04c8a43'
const java = fileURLToPath(new URL('java/registry/', import.meta.url))

/**
 * The class path of a registry and of Apache Avro for Java, which comes with it; fetched and compiled once per machine.
 *
 * @throws Error in one sentence where mvn, tar or javac is missing, the archive is not the expected one, or nothing answers
 */
export async function registryClassPath(): Promise<string> {
  const folder = await cached(`apicurio-${registryVersion}`, fetch)
  // The runner names its libraries itself.
  const runner = join(folder, `apicurio-registry-app-${registryVersion}-runner.jar`)
  const programs = ['AvroWitness.java', 'CompatibilityWitness.java', 'Registry.java'].map((name) =>
    join(java, name),
  )
  const sources = await Promise.all(programs.map((path) => readFile(path)))
  const hash = sha256(Buffer.concat([Buffer.from(registryVersion), ...sources])).slice(0, 16)
  const classes = await cached(`java-${hash}`, async (aside) => {
    await command('javac', ['-encoding', 'UTF-8', '-nowarn', '-d', aside, '-cp', runner, ...programs])
  })
  return [classes, runner].join(delimiter)
}

async function fetch(folder: string): Promise<void> {
  const artifact = `io.apicurio:apicurio-registry-app:${registryVersion}:tar.gz:all`
  const archive = join(folder, `apicurio-registry-app-${registryVersion}-all.tar.gz`)
  await mkdir(folder, { recursive: true })
  const copy = ['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]
  await command('mvn', ['-B', '-q', '-C', ...copy])
  if (sha256(await readFile(archive)) !== archiveHash) {
    throw new Error(
      `test servers: Maven delivered another ${artifact} than expected; empty the local Maven repository of it and try again`,
    )
  }
  await command('tar', ['-xzf', archive, '-C', folder])
  await rm(archive)
}
