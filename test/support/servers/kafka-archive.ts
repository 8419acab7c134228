// An archive of loaded classes (JEP 310, application class-data sharing): a JVM that starts from it needs half the time
// and half the processor. Made once per machine by starting a broker and ending it.

import { createHash } from 'node:crypto'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { cached, cacheFolder } from './cache.ts'
import { Cluster } from './kafka-cluster.ts'
import { type JavaProgram } from './kafka-jars.ts'

/** The flags with which a JVM uses the archive. Where there is none, or it does not fit, the JVM goes without it. */
export function archiveFlags(program: JavaProgram): string[] {
  return ['-Xshare:auto', `-XX:SharedArchiveFile=${join(cacheFolder(archiveName(program)), 'classes.jsa')}`]
}

/** Makes the archive where it is not there yet. It only saves time: a JVM that cannot make one goes without. */
export async function makeArchive(program: JavaProgram): Promise<void> {
  const making = cached(archiveName(program), async (folder) => {
    const flags = [
      `-XX:ArchiveClassesAtExit=${join(folder, 'classes.jsa')}`,
      '-Xlog:cds=off',
      '-Xlog:cds+dynamic=off',
    ]
    const scratch = join(folder, 'kafka')
    const cluster = await Cluster.lay({ options: {}, classPath: program.classPath, flags, folder: scratch })
    try {
      await cluster.startAll()
    } finally {
      // An orderly end: only then is the archive written.
      await cluster.stop(1, 'SIGTERM')
      await rm(scratch, { recursive: true })
    }
  })
  // A broker that does not start here will not start there, and say why.
  await making.catch(() => undefined)
}

/** An archive fits one JVM and one class path. */
function archiveName({ hash }: JavaProgram): string {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'java'))
  const java = found.find((file) => existsSync(file))
  const jvm = java === undefined ? 'none' : realpathSync(java)
  const of = `${hash} ${jvm} ${java === undefined ? 0 : statSync(jvm).mtimeMs}`
  return `classes-${createHash('sha256').update(of).digest('hex').slice(0, 16)}`
}
