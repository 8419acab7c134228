/** Knows since when nothing has come in, where the sources are read to their ends. */
export class Quiet {
  readonly #atEnd = new Set<string>()
  #last: number

  constructor(now: number) {
    this.#last = now
  }

  /** Records of a source came in. */
  took(source: string, now: number): void {
    this.#atEnd.delete(source)
    this.#last = now
  }

  /** A source has delivered all that there is. */
  reachedEnd(source: string): void {
    this.#atEnd.add(source)
  }

  /** For how long nothing came in, milliseconds; undefined while something may still be on its way. */
  for(sources: readonly string[], now: number): number | undefined {
    return sources.every((source) => this.#atEnd.has(source)) ? now - this.#last : undefined
  }
}
