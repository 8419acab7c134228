import { createHash } from 'node:crypto'
import { HttpProblem } from './problem.ts'
import type { Answer } from './route.ts'

const keptMs = 24 * 3_600_000
const mostKept = 10_000

interface Kept {
  readonly fingerprint: string
  readonly at: number
  /** Undefined while the request is under way. */
  answer: Answer | undefined
}

/**
 * Answers by the client's `Idempotency-Key`, so that a request that is sent again (its answer was lost) does nothing a
 * second time. Kept for a day in this process's memory, and no more than 10 000 of them.
 */
export class KeptAnswers {
  readonly #now: () => number
  readonly #kept = new Map<string, Kept>()

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Carries `work` out, or answers what it answered before. `name` is whose key for what; `content` what is asked.
   * Throws a 409 while the first request is under way, a 422 where the key was used for another one. What fails is not
   * kept: it may be tried again.
   */
  async once(
    name: string,
    content: unknown,
    work: () => Promise<Answer>,
  ): Promise<{ readonly answer: Answer; readonly again: boolean }> {
    this.#forgetOld()
    const fingerprint = createHash('sha256')
      .update(JSON.stringify(content) ?? '')
      .digest('base64')
    const before = this.#kept.get(name)
    if (before !== undefined) return { answer: answered(before, fingerprint), again: true }
    const kept: Kept = { fingerprint, at: this.#now(), answer: undefined }
    this.#kept.set(name, kept)
    try {
      kept.answer = await work()
      return { answer: kept.answer, again: false }
    } catch (error) {
      this.#kept.delete(name)
      throw error
    }
  }

  #forgetOld(): void {
    for (const [name, { at }] of this.#kept) {
      if (this.#now() - at < keptMs && this.#kept.size < mostKept) return
      this.#kept.delete(name)
    }
  }
}

function answered({ fingerprint, answer }: Kept, wanted: string): Answer {
  if (fingerprint !== wanted)
    throw new HttpProblem('INVALID', 'The Idempotency-Key was used for another request: take a new one.')
  if (answer === undefined)
    throw new HttpProblem(
      'CONFLICT',
      'The request with this Idempotency-Key is still under way: ask again later.',
    )
  return answer
}
