import { MillraceError, sentenceOf } from '../errors.ts'

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

interface StoreRule {
  readonly is: (error: unknown) => boolean
  readonly kind: 'downstream' | 'fatal'
  readonly code: 'STORE_FAILED' | 'STORE_FULL' | 'STORE_UNREADABLE'
  /** What is wrong and what to do. */
  readonly says: (path: string, said: string) => string
}

const isCode =
  (wanted: number) =>
  (error: unknown): boolean =>
    primaryCode(error) === wanted

/** What SQLite and the file system throw: the first rule that fits holds. */
export const storeRules: readonly StoreRule[] = [
  {
    is: isBusy,
    kind: 'downstream',
    code: 'STORE_FAILED',
    says: (path) => `${path} is being written by another process, which did not finish in time.`,
  },
  {
    is: isFull,
    kind: 'fatal',
    code: 'STORE_FULL',
    says: (path) =>
      `The disk that holds ${path} is full: free some space and start again; nothing that was committed is lost.`,
  },
  {
    is: isCode(code.notADatabase),
    kind: 'fatal',
    code: 'STORE_UNREADABLE',
    says: (path) => `${path} is not a Millrace store: move it away, and a new one is made.`,
  },
  {
    is: isCode(code.corrupt),
    kind: 'fatal',
    code: 'STORE_UNREADABLE',
    says: (path, said) =>
      `${path} is damaged (${said}): put a copy back, or move it away and run again from the start.`,
  },
  {
    is: (error) => primaryCode(error) === code.readOnly || noAccess.has(systemCode(error)),
    kind: 'fatal',
    code: 'STORE_FAILED',
    says: (path) =>
      `${path} cannot be written: give this user write access to the directory and the files in it.`,
  },
  {
    is: isCode(code.cantOpen),
    kind: 'fatal',
    code: 'STORE_FAILED',
    says: (path) =>
      `${path} cannot be opened: see that it is a file, and that this user may read and write it and its directory.`,
  },
  {
    is: () => true,
    kind: 'fatal',
    code: 'STORE_FAILED',
    says: (path, said) => `${path} could not be used: ${said}.`,
  },
]

/**
 * What SQLite or the file system threw, as one sentence with the path and the remedy. `downstream` where another
 * process is in the way, otherwise `fatal`. Errors of Millrace pass through unchanged.
 */
export function explainStoreError(error: unknown, path: string): MillraceError {
  if (error instanceof MillraceError) return error
  const rule = storeRules.find(({ is }) => is(error))!
  return new MillraceError(rule.kind, rule.code, rule.says(path, sentenceOf(error)), {
    cause: error,
    facts: { path },
  })
}

function primaryCode(error: unknown): number | undefined {
  const found = (error as { errcode?: unknown } | null | undefined)?.errcode
  return typeof found === 'number' ? found & 0xff : undefined
}

function systemCode(error: unknown): string {
  const found = (error as { code?: unknown } | null | undefined)?.code
  return typeof found === 'string' ? found : ''
}
