import type { ChangelogRecord } from '../../../engine/component/contracts/changelog.ts'
import { keyOf, valueOf, type PackedColumns } from '../../../engine/component/packed-records.ts'

/** The records of a changelog one by one. */
export function changelogRecords(packed: PackedColumns): ChangelogRecord[] {
  return Array.from({ length: packed.count }, (_, row) => ({
    key: keyOf(packed, row)!,
    value: valueOf(packed, row),
  }))
}
