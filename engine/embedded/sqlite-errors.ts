import { downstreamError, fatalError, MillraceError, sentenceOf } from '../errors.ts'

/** The primary result codes of SQLite that make a difference. */
const code = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
} as const

const noSpace = new Set(['ENOSPC', 'EDQUOT'])
const noAccess = new Set(['EACCES', 'EPERM', 'EROFS'])

/** Whether another connection stood in the way: the same attempt may succeed later. */
export function isBusy(error: unknown): boolean {
  const found = primaryCode(error)
  return found === code.busy || found === code.locked
}

/** Whether the disk (or the store's allowance on it) is full. */
export function isFull(error: unknown): boolean {
  return primaryCode(error) === code.full || noSpace.has(systemCode(error))
}

/**
 * What SQLite or the file system threw, as one sentence with the path and the remedy. `downstream` where another
 * process is in the way, otherwise `fatal`. Errors of Millrace pass through unchanged.
 */
export function explainStoreError(error: unknown, path: string): MillraceError {
  if (error instanceof MillraceError) return error
  const details = { cause: error, facts: { path } }
  if (isBusy(error)) {
    return downstreamError(
      'STORE_FAILED',
      `${path} is being written by another process, which did not finish in time.`,
      details,
    )
  }
  if (isFull(error)) {
    const remedy = 'free some space and start again; nothing that was committed is lost.'
    return fatalError('STORE_FULL', `The disk that holds ${path} is full: ${remedy}`, details)
  }
  return explainLasting(error, path, details)
}

function explainLasting(
  error: unknown,
  path: string,
  details: { cause: unknown; facts: { path: string } },
): MillraceError {
  const said = sentenceOf(error)
  const found = primaryCode(error)
  if (found === code.notADatabase) {
    return fatalError(
      'STORE_UNREADABLE',
      `${path} is not a Millrace store: move it away, and a new one is made.`,
      details,
    )
  }
  if (found === code.corrupt) {
    const remedy = 'put a copy back, or move it away and run again from the start.'
    return fatalError('STORE_UNREADABLE', `${path} is damaged (${said}): ${remedy}`, details)
  }
  if (found === code.readOnly || noAccess.has(systemCode(error))) {
    const remedy = 'give this user write access to the directory and the files in it.'
    return fatalError('STORE_FAILED', `${path} cannot be written: ${remedy}`, details)
  }
  if (found === code.cantOpen) {
    const remedy = 'see that it is a file, and that this user may read and write it and its directory.'
    return fatalError('STORE_FAILED', `${path} cannot be opened: ${remedy}`, details)
  }
  return fatalError('STORE_FAILED', `${path} could not be used: ${said}.`, details)
}

function primaryCode(error: unknown): number | undefined {
  const found = (error as { errcode?: unknown } | null | undefined)?.errcode
  return typeof found === 'number' ? found & 0xff : undefined
}

function systemCode(error: unknown): string {
  const found = (error as { code?: unknown } | null | undefined)?.code
  return typeof found === 'string' ? found : ''
}
