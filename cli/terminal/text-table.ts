const gap = 2
const leastWidth = 6

/** Rows of text under their headings, aligned; cut so that no line is wider than `width`, where that is given. */
export function textTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  width?: number,
): string[] {
  const clean = [headings, ...rows].map((row) => row.map(printable))
  const natural = headings.map((_, column) => Math.max(...clean.map((row) => widthOf(row[column] ?? ''))))
  const widths = width === undefined ? natural : fitted(natural, width)
  return clean.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column]!))
      .join(' '.repeat(gap))
      .trimEnd(),
  )
}

/** Takes from the widest columns until all fit, as far as that goes. */
function fitted(natural: readonly number[], width: number): number[] {
  const widths = [...natural]
  let over = widths.reduce((sum, one) => sum + one, gap * (widths.length - 1)) - width
  while (over > 0) {
    const widest = Math.max(...widths)
    if (widest <= leastWidth) break
    const second = Math.max(leastWidth, ...widths.filter((one) => one < widest))
    const wide = widths.flatMap((one, column) => (one === widest ? [column] : []))
    const cut = Math.min(widest - second, Math.ceil(over / wide.length))
    for (const column of wide) widths[column]! -= cut
    over -= cut * wide.length
  }
  return widths
}

function padded(cell: string, width: number): string {
  const own = widthOf(cell)
  if (own <= width) return cell + ' '.repeat(width - own)
  let text = ''
  let used = 0
  for (const character of cell) {
    const next = used + widthOf(character)
    if (next > width - 1) break
    text += character
    used = next
  }
  return `${text}…${' '.repeat(Math.max(0, width - used - 1))}`
}

/** Text that neither breaks the line nor steers the terminal. */
export function printable(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, '⏎')
    .replaceAll('\t', ' ')
    .replaceAll(/\p{Cc}|\p{Bidi_Control}/gu, '�')
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

/** How many columns of a terminal the text takes, near enough: wide characters take two, combining ones none. */
function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const character of text)
    width += /\p{Mn}|\p{Me}|\p{Cf}/u.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}
