// Apache Avro for Java on pairs of schemas, as an outside witness: java/registry/CompatibilityWitness.java.

import { linesOf, runProgram } from './interop-process.ts'
import { registryClassPath } from './registry-jars.ts'

/** A writer's schema and a reader's, as JSON values. */
export interface SchemaPair {
  readonly writer: unknown
  readonly reader: unknown
}

/** What SchemaCompatibility says of a pair. */
export interface JavaVerdict {
  /** `ERROR`: it gave up with an exception. */
  readonly verdict: 'COMPATIBLE' | 'INCOMPATIBLE' | 'ERROR'
  /** `TYPE_MISMATCH /fields/0/type`, in its order. */
  readonly problems: readonly string[]
}

/** The verdicts in the order of the pairs; one JVM for all. */
export async function javaVerdicts(pairs: readonly SchemaPair[]): Promise<JavaVerdict[]> {
  const flags = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dfile.encoding=UTF-8',
    '-Dstdout.encoding=UTF-8',
  ]
  const words = [...flags, '-cp', await registryClassPath(), 'CompatibilityWitness']
  const lines = pairs.map(({ writer, reader }) => JSON.stringify({ writer, reader }))
  const { stdout } = await runProgram('java', words, lines.join('\n'))
  return linesOf(stdout).map((line) => JSON.parse(line) as JavaVerdict)
}
