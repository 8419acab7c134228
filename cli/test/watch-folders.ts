import { existsSync, watch } from 'node:fs'

/** What is watched: a folder, and whether the folders in it belong to it. */
export interface WatchedFolder {
  readonly path: string
  readonly deep: boolean
}

/** Editors write a file in several steps: this long after the first of them, milliseconds. */
const settleMs = 100

/**
 * Calls `act` now, and after every change of a file in these folders, one call after the other, until the signal. Changes
 * while a call is under way make one more. Folders that are not there are not watched. Rejects with what `act` rejects with.
 */
export async function watchFolders(
  folders: readonly WatchedFolder[],
  signal: AbortSignal,
  act: () => Promise<void>,
): Promise<void> {
  let dirty: boolean
  let wake = (): void => undefined
  const watchers = folders
    .filter(({ path }) => existsSync(path))
    .map(({ path, deep }) =>
      watch(path, { recursive: deep }, () => {
        dirty = true
        wake()
      }),
    )
  const stop = (): void => wake()
  signal.addEventListener('abort', stop)
  try {
    while (!signal.aborted) {
      dirty = false
      await act()
      if (!dirty && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      await new Promise((resolve) => setTimeout(resolve, settleMs))
    }
  } finally {
    signal.removeEventListener('abort', stop)
    for (const watcher of watchers) watcher.close()
  }
}
