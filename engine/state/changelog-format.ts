import type { ChangelogFormat, ChangelogRecord } from '../component/contracts/changelog.ts'
import type { StateBlock, StoreRef } from '../component/contracts/commit.ts'
import { packPairs, readPairs } from './key-value-blocks.ts'
import { bucketOf, unreadable } from './state-frame.ts'

/** The version of a key's value in a changelog: its first byte. The value as the store packs it follows. */
export const CHANGELOG_VALUE_VERSION = 1

/** How the blocks of a kind of store lie in its changelog. */
export function changelogFormat(kind: StoreRef['kind']): ChangelogFormat {
  return kind === 'ids' ? wholeBlocks : pairByPair
}

/** A record is a block, under the name of its store. */
const wholeBlocks: ChangelogFormat = {
  compacted: false,
  records: ({ store, bytes }) => [{ key: Buffer.from(store), value: bytes }],
  blocks: (store, records) =>
    Array.from(records, ({ key, value }) => {
      if (value === null) throw unreadable(store, 'it is a deletion, which no store writes')
      if (textOf(key) !== store) throw unreadable(store, `it belongs to the store ${textOf(key)}`)
      return { store, bucket: bucketOf(value, store), bytes: value }
    }),
}

/** A record is a key with its value, so that compaction keeps the last one of each. */
const pairByPair: ChangelogFormat = {
  compacted: true,
  records(block: StateBlock) {
    const records: ChangelogRecord[] = []
    readPairs(block, block.store, (key, value) => {
      records.push({ key: Buffer.from(key), value: value === undefined ? null : versioned(value) })
    })
    return records
  },
  blocks: (store, records) => packPairs(store, pairsOf(store, records)),
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()

function versioned(value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + value.length)
  bytes[0] = CHANGELOG_VALUE_VERSION
  bytes.set(value, 1)
  return bytes
}

function* pairsOf(
  store: string,
  records: Iterable<ChangelogRecord>,
): IterableIterator<[string, Uint8Array | undefined]> {
  for (const { key, value } of records) {
    if (value !== null && value[0] !== CHANGELOG_VALUE_VERSION) {
      throw unreadable(
        store,
        `the value of a key has version ${value[0] ?? 'none'}, and this worker reads version ${CHANGELOG_VALUE_VERSION}`,
      )
    }
    yield [textOf(key), value === null ? undefined : value.subarray(1)]
  }
}
