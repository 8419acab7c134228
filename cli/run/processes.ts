import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag, usage } from '../command-line/flags.ts'

/** More processes than this on one machine are a typing error. */
const most = 256

/** How many processes `--processes` asks for; 1 without it. Throws USAGE for what is no number, and where it cannot work. */
export function processesOf({ values }: CommandArgs, embedded: boolean): number {
  const flag = textFlag(values, 'processes')
  if (flag === undefined) return 1
  const count = Number(flag)
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw usage(`--processes is a number from 1 to ${most}, and "${flag}" is not.`)
  if (count > 1 && embedded)
    throw usage(
      '--processes is for a cluster: an embedded store has one worker. Give --env NAME, or leave it out.',
    )
  return count
}

/**
 * Runs the same command in several processes, which are members of one consumer group. A stop goes to all of them; when one
 * fails, the others are stopped in order. Answers the highest of their exit codes.
 */
export async function runProcesses(args: CommandArgs, count: number, command = 'run'): Promise<number> {
  const ports = portsOf(textFlag(args.values, 'http'), count)
  const children = ports.map((http) => start(command, args, http))
  const stopAll = (): void => {
    for (const child of children) if (child.exitCode === null) child.kill('SIGTERM')
  }
  args.signal.addEventListener('abort', stopAll, { once: true })
  if (args.signal.aborted) stopAll()
  try {
    const codes = await Promise.all(children.map((child) => ended(child, stopAll)))
    return Math.max(...codes)
  } finally {
    args.signal.removeEventListener('abort', stopAll)
  }
}

/** Each serves its metrics on a port of its own: the one that was given, and those after it. */
function portsOf(http: string | undefined, count: number): (string | undefined)[] {
  const place = /^(.*):(\d+)$/.exec(http ?? '')
  return Array.from({ length: count }, (_, n) =>
    place === null || place[2] === '0' ? http : `${place[1]}:${Number(place[2]) + n}`,
  )
}

function start(
  command: string,
  { values, positionals, out, cwd, env }: CommandArgs,
  http: string | undefined,
): ChildProcess {
  const flags = Object.entries(values).flatMap(([name, value]) => {
    if (name === 'processes' || name === 'http') return []
    const given = [value].flat().filter((one) => one !== undefined && one !== false)
    return given.flatMap((one) => (one === true ? [`--${name}`] : [`--${name}`, String(one)]))
  })
  const own = http === undefined ? [] : ['--http', http]
  const words = [process.argv[1]!, command, ...positionals, ...flags, ...own]
  const child = spawn(process.execPath, [...process.execArgv, ...words], {
    cwd,
    env,
    // Ctrl-C reaches the process that was started by hand, which passes it on once. If that one dies, the channel ends,
    // and they stop too.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) out(line)
  })
  return child
}

async function ended(child: ChildProcess, stopAll: () => void): Promise<number> {
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) stopAll()
  return code ?? 1
}
