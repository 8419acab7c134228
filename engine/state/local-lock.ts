import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

const PREFIX = 'lock-'
const NAME = /^lock-(\d+)-([0-9a-f]+)-([0-9a-f]+)$/

/** What tells a process from another one that later has its number: when it began, and the machine's start. */
function birthOf(pid: number | 'self'): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program is in brackets, and may hold anything.
    const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
    return createHash('sha256').update(`${boot}${began}`).digest('hex').slice(0, 16)
  } catch {
    return '0'
  }
}

function lives(pid: number, birth: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return birthOf(pid) === birth
}

/**
 * Makes this opener the only one of a folder; answers how to let it go, or undefined where another one holds it, in this
 * process or another. Goes with the process that is killed. Each comer makes a file of its own and then looks for those of
 * others, so that of two at least one sees the other; a file whose process is gone can be deleted by anybody, since no
 * name is ever used again. Works within one machine and one pid namespace: folders are not to be shared beyond.
 */
export async function lockFolder(folder: string): Promise<(() => Promise<void>) | undefined> {
  const own = `${PREFIX}${process.pid}-${birthOf('self')}-${randomBytes(8).toString('hex')}`
  await (await open(join(folder, own), 'wx')).close()
  const release = (): Promise<void> => rm(join(folder, own), { force: true })
  for (const name of await readdir(folder)) {
    const [, pid, birth] = NAME.exec(name) ?? []
    if (name === own || pid === undefined) continue
    if (lives(Number(pid), birth!)) {
      await release()
      return undefined
    }
    await rm(join(folder, name), { force: true })
  }
  return release
}
