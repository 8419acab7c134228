import { sentenceOf } from '../../engine/errors.ts'
import { terminalProgress } from '../terminal/progress.ts'
import { Eta, progressText, type ReplayProgress } from './progress.ts'

/** How often it is looked how far it is, and told where no terminal is, milliseconds. */
const lookEveryMs = 1000
const tellEveryMs = 10_000

/** Shows how far a replay is: a line that changes on a terminal, a line now and then elsewhere. */
export function watchProgress(
  look: () => Promise<ReplayProgress>,
  err: (line: string) => void,
  isTerminal = process.stderr.isTTY,
): { stop(): Promise<void> } {
  const eta = new Eta()
  const progress = terminalProgress()
  let toldAt = performance.now()
  let looking: Promise<void> | undefined
  const show = async (): Promise<void> => {
    try {
      const seen = await look()
      const now = performance.now()
      eta.saw(now, seen.done)
      if (isTerminal) return progress.show(() => progressText(seen, eta, true))
      if (now - toldAt < tellEveryMs) return
      toldAt = now
      err(progressText(seen, eta, false))
    } catch (error) {
      if (performance.now() - toldAt < tellEveryMs) return
      toldAt = performance.now()
      err(`How far it is cannot be told: ${sentenceOf(error)}`)
    }
  }
  const timer = setInterval(() => {
    looking ??= show().finally(() => (looking = undefined))
  }, lookEveryMs)
  return {
    async stop() {
      clearInterval(timer)
      await looking
      progress.clear()
    },
  }
}
