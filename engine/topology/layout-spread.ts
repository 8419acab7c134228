/** Something with a height and a middle, in a column. */
export interface Spreadable {
  readonly height: number
  y: number
}

interface Block {
  sum: number
  count: number
}

/**
 * Puts things of a column, in their order, as near to where they are wanted as their heights and the gap between them
 * allow (the least sum of squares: isotonic regression, by pooling neighbors that push each other).
 */
export function spread(
  column: readonly { readonly one: Spreadable; readonly wanted: number }[],
  gap: number,
): void {
  const offsets: number[] = []
  let offset = 0
  for (const [index, { one }] of column.entries()) {
    if (index > 0) offset += (column[index - 1]!.one.height + one.height) / 2 + gap
    offsets.push(offset)
  }
  const blocks: Block[] = []
  for (const [index, { wanted }] of column.entries()) {
    blocks.push({ sum: wanted - offsets[index]!, count: 1 })
    while (blocks.length > 1 && average(blocks.at(-2)!) >= average(blocks.at(-1)!)) {
      const last = blocks.pop()!
      const before = blocks.at(-1)!
      before.sum += last.sum
      before.count += last.count
    }
  }
  let index = 0
  for (const block of blocks) {
    for (let n = 0; n < block.count; n++, index++) column[index]!.one.y = average(block) + offsets[index]!
  }
}

function average({ sum, count }: Block): number {
  return sum / count
}
