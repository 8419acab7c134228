import { BenchFailure } from './options.ts'

/** Runs a benchmark as a program: a wrong flag or a failure of it is one sentence, and an exit code. */
export async function runProgram<Options>(
  parse: (words: readonly string[]) => Options | 'help',
  usage: string,
  benchmark: (options: Options) => Promise<void>,
): Promise<void> {
  const options = parsed(parse)
  if (options === undefined) return
  if (options === 'help') return console.log(usage)
  // Leaves nothing behind: what runs and what was written is given up on exit.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  await benchmark(options).catch(complain)
  // Clients that wait for something are not waited for.
  process.exit()
}

function parsed<Options>(
  parse: (words: readonly string[]) => Options | 'help',
): Options | 'help' | undefined {
  try {
    return parse(process.argv.slice(2))
  } catch (error) {
    complain(error)
    return undefined
  }
}

function complain(error: unknown): void {
  if (!(error instanceof BenchFailure)) throw error
  console.error(error.message)
  process.exitCode = 1
}
