/** One line on the terminal that says how far something is, written over and over. */
export interface Progress {
  /** Shows `text`, at most about ten times a second. */
  show(text: () => string): void
  /** Takes the line away: before other lines are printed, and at the end. */
  clear(): void
}

const intervalMs = 100

const noProgress: Progress = { show: () => undefined, clear: () => undefined }

/** Progress on standard error, where that is a terminal. */
export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return noProgress
  let shownAt = -Infinity
  let visible = false
  return {
    show(text) {
      const now = performance.now()
      if (now - shownAt < intervalMs) return
      shownAt = now
      visible = true
      stream.write(`\r\u001b[K${text().slice(0, Math.max(10, (stream.columns || 80) - 1))}`)
    },
    clear() {
      if (visible) stream.write('\r\u001b[K')
      visible = false
      shownAt = -Infinity
    },
  }
}

/** A bar of `width` characters for a share from 0 to 1. */
export function bar(share: number, width = 24): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`
}
