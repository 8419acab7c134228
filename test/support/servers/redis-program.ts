// The program redis-server: the system's where it has one, otherwise the one that a jar on Maven Central carries.

import { chmod, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { command } from './command.ts'
import { sha256 } from './maven-jars.ts'

const version = '1.4.3'

/** What the jar has for which machine, with the hash of it. */
const carried: Readonly<Record<string, readonly [name: string, hash: string]>> = {
  'linux-x64': [
    'redis-server-6.2.6-v5-linux-amd64',
    '1f716094e08a25faee2bc7626feb9e13464ed89018ac5c376c5e9cff06bdcf52',
  ],
  'linux-arm64': [
    'redis-server-6.2.7-linux-arm64',
    '036a23aa65bfb31d2a048aa96c170b38c2fbd4f1de68ef0f9c3133dd4b1474cd',
  ],
  'darwin-x64': [
    'redis-server-6.2.6-v5-darwin-amd64',
    '7a4eb450d90a6ce9a2c651cfc4a0613b980a270c6426cbb6fa42d6c3beec9ce8',
  ],
  'darwin-arm64': [
    'redis-server-6.2.6-v5-darwin-arm64',
    'c523aec5a9b6f565cff0271ef67f5c51fa83e1180e3e954ab5251b3cf6282b76',
  ],
}

/**
 * A path or name to start Redis by, 6.2 or later.
 *
 * @throws Error in one sentence where there is none for this machine, mvn or jar is missing, or it is not the expected one
 */
export async function redisProgram(): Promise<string> {
  try {
    await command('redis-server', ['--version'])
    return 'redis-server'
  } catch {
    return carriedProgram()
  }
}

async function carriedProgram(): Promise<string> {
  const [name, hash] = carried[`${process.platform}-${process.arch}`] ?? []
  if (name === undefined) {
    throw new Error('test servers: redis-server is not on the PATH; install Redis 6.2 or later')
  }
  const folder = await cached(`redis-${version}`, async (aside) => {
    await mkdir(aside, { recursive: true })
    const artifact = `-Dartifact=com.github.codemonstur:embedded-redis:${version}`
    await command('mvn', ['-B', '-q', '-C', 'dependency:copy', artifact, `-DoutputDirectory=${aside}`])
    const archive = join(aside, `embedded-redis-${version}.jar`)
    await command('jar', ['--extract', '--file', archive, name], aside)
    await rm(archive)
    if (sha256(await readFile(join(aside, name))) !== hash) {
      throw new Error(
        `test servers: ${name} from Maven is not the expected one; empty the local Maven repository of it`,
      )
    }
    await chmod(join(aside, name), 0o755)
  })
  return join(folder, name)
}
