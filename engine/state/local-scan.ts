import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalStateOptions } from '../component/contracts/local-state.ts'
import {
  decodeSegmentHead,
  type ReadHead,
  scanSegment,
  type SegmentHead,
  type SegmentScan,
} from './local-segment.ts'

/** One file of a copy. */
export interface Segment {
  readonly number: number
  readonly path: string
  readonly head: SegmentHead
  bytes: number
  /** The greatest bucket of its blocks. */
  maxBucket: number
}

/** Blocks in frames up to `sequence` that lie in a bucket below `below` have expired. */
export interface Expiry {
  readonly sequence: number
  readonly below: number
}

/** How far a copy reaches. */
export interface Reach {
  /** Of the last frame. */
  readonly sequence: number
  readonly upTo: number
  /** When that was written, milliseconds since 1970. */
  readonly time: number
  readonly expiry: Expiry | undefined
}

/** A copy that can be used. Bytes behind `reach` were cut off in the list, and not yet on the disk. */
export interface FoundCopy {
  readonly segments: readonly Segment[]
  readonly reach: Reach
  /** Files that are needed no more. */
  readonly leftovers: readonly string[]
  /** True if the last file is longer than what is good in it. */
  readonly torn: boolean
}

/** Behind the name of a file that is not complete yet. */
export const TEMPORARY = '.tmp'

const SUFFIX = '.segment'
const NAME = /^(\d{8,})\.segment$/

/** The file of a segment. */
export function segmentPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(8, '0')}${SUFFIX}`)
}

/** All files of a copy: segments, and what a crash left of one that was being made. */
export async function copyFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names.filter((name) => NAME.test(name) || name.endsWith(TEMPORARY)).map((name) => join(folder, name))
}

interface Opened {
  readonly number: number
  readonly path: string
  readonly read: ReadHead
}

/**
 * Finds out what of a folder can be used: a beginning of what was appended, up to the last frame that completes a commit.
 * Answers why not, as half a sentence, or undefined where there is nothing at all.
 */
export async function scanFolder(
  folder: string,
  options: LocalStateOptions,
): Promise<FoundCopy | string | undefined> {
  const all = await openAll(folder)
  const temporary = (await copyFiles(folder)).filter((path) => path.endsWith(TEMPORARY))
  // The head of the newest file is written with its first frame: without it, the file has nothing that was flushed.
  const torn = all.length > 1 && all.at(-1)!.read === undefined
  const readable = torn ? all.slice(0, -1) : all
  const start = Math.max(
    0,
    readable.findLastIndex(({ read }) => read !== undefined && 'head' in read && read.head.begins),
  )
  const used = readable.slice(start)
  if (used.length === 0) return undefined
  const why = used.map(({ read }) => whyNot(read, options)).find((one) => one !== undefined)
  if (why !== undefined) return why
  const leftovers = [...temporary, ...all.filter((one) => !used.includes(one)).map(({ path }) => path)]
  return new CopyScan(used as Known[], leftovers).run()
}

type Known = Opened & { readonly read: { readonly head: SegmentHead; readonly length: number } }

async function openAll(folder: string): Promise<Opened[]> {
  const numbers = (await readdir(folder)).map((name) => Number(NAME.exec(name)?.[1])).filter((n) => n >= 0)
  const opened: Opened[] = []
  for (const number of numbers.sort((a, b) => a - b)) {
    const path = segmentPath(folder, number)
    const file = await open(path, 'r')
    try {
      const bytes = Buffer.alloc(8192)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      opened.push({ number, path, read: decodeSegmentHead(bytes.subarray(0, bytesRead)) })
    } finally {
      await file.close()
    }
  }
  return opened
}

function whyNot(read: ReadHead, options: LocalStateOptions): string | undefined {
  if (read === undefined) return 'the beginning of a file is damaged'
  if ('version' in read) return `it has format ${read.version}, which this version does not read`
  const { head } = read
  const { group, store, partition, identity } = options
  if (head.clusterId !== identity.clusterId) return 'it was made from another Kafka cluster'
  if (head.topicId !== identity.topicId)
    return 'it was made from a changelog that has since been deleted and made again'
  if (head.group !== group || head.store !== store || head.partition !== partition)
    return `it belongs to the store ${head.store} of ${head.group}, partition ${head.partition}`
  return undefined
}

/** Goes through the files of a copy, frame by frame. */
class CopyScan {
  readonly #files: readonly Known[]
  readonly #leftovers: readonly string[]
  readonly #segments: Segment[] = []
  #next: number
  #gap = false
  #expiry: Expiry | undefined
  #reach: Reach | undefined
  /** The last segment as it is where `#reach` is, and how many there are with it. */
  #last: Segment | undefined
  #count = 0

  constructor(files: readonly Known[], leftovers: readonly string[]) {
    this.#files = files
    this.#leftovers = leftovers
    this.#next = files[0]!.read.head.first
  }

  async run(): Promise<FoundCopy | string | undefined> {
    let size = 0
    for (const [n, file] of this.#files.entries()) {
      const scan = await this.#scan(file)
      size = scan.size
      if (scan.broken) return 'a checksum in the middle is wrong'
      if (scan.end < size && n + 1 < this.#files.length) return 'a file is cut short'
      if (this.#gap) return 'something in the middle is missing'
    }
    const reach = this.#reach
    if (reach === undefined) return undefined
    const { begins, before } = this.#files[0]!.read.head
    if (!begins && (before ?? 0) >= (this.#expiry?.below ?? before ?? 0)) return 'its first file is missing'
    const segments = [...this.#segments.slice(0, this.#count - 1), this.#last!]
    const extra = this.#files.slice(this.#count).map(({ path }) => path)
    const torn = extra.length > 0 || this.#last!.bytes < size
    return { segments, reach, leftovers: [...this.#leftovers, ...extra], torn }
  }

  async #scan({ number, path, read: { head, length } }: Known): Promise<SegmentScan> {
    const segment = { number, path, head, bytes: length, maxBucket: Number.NEGATIVE_INFINITY }
    this.#segments.push(segment)
    this.#gap ||= head.first !== this.#next
    this.#expired(head.first - 1, head.below ?? undefined)
    return scanSegment(path, (frame) => {
      const { sequence, upTo, time, below } = frame.head()
      this.#gap ||= sequence !== this.#next
      this.#next = sequence + 1
      segment.bytes += frame.length!
      for (const { bucket } of frame.blocks('')) segment.maxBucket = Math.max(segment.maxBucket, bucket)
      this.#expired(sequence, below)
      if (upTo === undefined) return
      this.#reach = { sequence, upTo, time, expiry: this.#expiry }
      this.#last = { ...segment }
      this.#count = this.#segments.length
    })
  }

  #expired(sequence: number, below: number | undefined): void {
    if (below !== undefined) this.#expiry = { sequence, below }
  }
}

/** Deletes files, oldest first, so that what remains is always an end of what was there. */
export async function removeFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true })
}
