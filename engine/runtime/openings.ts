/**
 * Tasks that are being opened. What is opened for one name waits for what was opened for it before, so that a partition
 * that goes and comes back while its state is restored is never restored twice at once.
 */
export class Openings {
  readonly #last = new Map<string, Promise<void>>()

  /** True while something is being opened. */
  get busy(): boolean {
    return this.#last.size > 0
  }

  /** Runs `open` after what was asked for under this name before. Never rejects: errors go to `failed`. */
  async run(name: string, open: () => Promise<void>, failed: (error: unknown) => void): Promise<void> {
    const before = this.#last.get(name) ?? Promise.resolve()
    const opened = before.then(open).catch(failed)
    this.#last.set(name, opened)
    await opened
    if (this.#last.get(name) === opened) this.#last.delete(name)
  }
}
