import type { ChangelogFormat, ChangelogRecord } from '../component/contracts/changelog.ts'
import type { StoreRef } from '../component/contracts/commit.ts'
import { RecordPacker } from '../component/record-packer.ts'
import { eachPlace, packPairs } from './key-value-blocks.ts'
import { bucketOf, describeFrame, unreadable } from './state-frame.ts'

/** The version of a key's value in a changelog: its first byte. The value as the store packs it follows. */
export const CHANGELOG_VALUE_VERSION = 1

/** How the blocks of a kind of store lie in its changelog. */
export function changelogFormat(kind: StoreRef['kind']): ChangelogFormat {
  return kind === 'ids' ? wholeBlocks : pairByPair
}

/** A record is a block, under the name of its store. */
const wholeBlocks: ChangelogFormat = {
  compacted: false,
  pack(blocks, timestamp) {
    const packer = new RecordPacker(blocks.length)
    for (const { store, bytes } of blocks) {
      packer.begin(timestamp)
      packer.key(Buffer.from(store))
      packer.value(bytes)
      packer.headers([])
      packer.end()
    }
    return packer.columns()
  },
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
  pack(blocks, timestamp) {
    const packer = new RecordPacker(blocks.reduce((sum, { bytes }) => sum + describeFrame(bytes).entries, 0))
    for (const block of blocks) {
      const bytes = Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.length)
      eachPlace(block, (keyStart, keyEnd, valueStart, valueEnd) => {
        packer.begin(timestamp)
        packer.keyOf(bytes, keyStart, keyEnd)
        if (valueStart < 0) packer.value(null)
        else packer.valueBehind(CHANGELOG_VALUE_VERSION, bytes, valueStart, valueEnd)
        packer.headers([])
        packer.end()
      })
    }
    return packer.columns()
  },
  blocks: (store, records) => packPairs(store, pairsOf(store, records)),
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()

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
