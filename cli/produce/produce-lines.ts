import type { Readable } from 'node:stream'
import type { OutgoingRecord } from '../../engine/component/contracts/log.ts'
import { fatalError, MillraceError } from '../../engine/errors.ts'
import type { CommandArgs } from '../command-line/command.ts'
import type { Project } from '../project/project.ts'
import { readLines, type InputLine } from '../terminal/lines.ts'
import { bar, terminalProgress, type Progress } from '../terminal/progress.ts'
import type { Job } from './job.ts'
import { LineRefused, longestLine, recordOf } from './lines.ts'
import { Sender, type Tally } from './sender.ts'
import { Pacer, type Timetable } from './timetable.ts'

/**
 * Writes the lines of a job, at the pace of the timetable where there is one. Lines that are refused are told, and the
 * others go on. When the process is asked to stop, what is read is written.
 */
export async function produceLines(
  job: Job,
  project: Project,
  timetable: Timetable | undefined,
  args: CommandArgs,
): Promise<Tally> {
  const tally: Tally = { produced: 0, refused: 0, bytes: 0, line: 0 }
  const progress = terminalProgress()
  const sender = new Sender(project, tally)
  const pacer = timetable && new Pacer(timetable, args.signal)
  let number = 0
  try {
    for await (const lines of readLines(counted(stoppable(job.open, args.signal), tally), longestLine)) {
      for (const line of lines) {
        if (pacer?.isDue(number) === false) {
          await sender.send()
          await pacer.until(number)
        }
        if (args.signal.aborted && pacer !== undefined) break
        const record = recordFor(line, job, tally, progress, args)
        if (record === undefined) continue
        number++
        if (sender.push(record, line.number)) await sender.send()
      }
      progress.show(() => progressText(job, tally))
    }
    await sender.flush()
  } catch (error) {
    throw explained(error, tally, args)
  } finally {
    progress.clear()
  }
  if (args.signal.aborted)
    args.err(`millrace: stopped: ${tally.produced} records are written, up to line ${tally.line}.`)
  return tally
}

function recordFor(
  line: InputLine,
  job: Job,
  tally: Tally,
  progress: Progress,
  args: CommandArgs,
): OutgoingRecord | undefined {
  try {
    const { key, value, timestamp = Date.now() } = recordOf(line, job.rules)
    return { topic: job.topic, key, value, headers: [], timestamp }
  } catch (error) {
    if (!(error instanceof LineRefused)) throw error
    tally.refused++
    progress.clear()
    args.err(`line ${line.number}: ${error.message}`)
    return undefined
  }
}

/** Ends the input when the process is asked to stop, also while nothing comes. */
async function* stoppable(open: () => Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (signal.aborted) return
  const input = open()
  const stop = (): void => void input.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    yield* input as AsyncIterable<Uint8Array>
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function* counted(input: AsyncIterable<Uint8Array>, tally: Tally): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) {
    tally.bytes += chunk.length
    yield chunk
  }
}

function progressText({ topic, size }: Job, { produced, refused, bytes }: Tally): string {
  const share = size === undefined || size === 0 ? '' : `${bar(bytes / size)} `
  return `${share}${produced} records to ${topic}${refused > 0 ? `, ${refused} refused` : ''}`
}

function explained(error: unknown, tally: Tally, args: CommandArgs): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (error instanceof MillraceError) {
    args.err(`${tally.produced} records were written, up to line ${tally.line}.`)
    return error
  }
  if (code === 'EACCES' || code === 'EIO' || code === 'EPERM') {
    return fatalError('CONFIG_UNREADABLE', `The input could not be read (${code}).`, { cause: error })
  }
  return error
}
