// Widths in ems, on the safe side: measured on DejaVu Sans, the widest of the fonts that "system font" comes to.
const narrow = new Set('iljtfrI.,:;\'|!()[]{} -/\\`"')
const wide = new Set('mwMW@%QO')

/** About how wide a text is, in pixels; rather too wide than too narrow. */
export function textWidth(text: string, size: number, bold = false): number {
  let ems = 0
  for (const character of text) ems += widthOf(character)
  return ems * size * (bold ? 1.09 : 1)
}

function widthOf(character: string): number {
  if (narrow.has(character)) return 0.41
  if (wide.has(character)) return 0.98
  const code = character.codePointAt(0)!
  if (code > 0x2e80) return 1.05
  return character >= 'A' && character <= 'Z' ? 0.72 : 0.635
}

/** The text, or as much of its beginning as fits, with an ellipsis. */
export function fitText(text: string, size: number, room: number, bold = false): string {
  if (textWidth(text, size, bold) <= room) return text
  const characters = [...text]
  while (characters.length > 1 && textWidth(`${characters.join('')}…`, size, bold) > room) characters.pop()
  return `${characters.join('').trimEnd()}…`
}

/** The text in lines that fit, three at most. */
export function wrapText(text: string, size: number, room: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(/\s+/)) {
    const longer = lines.at(-1) === '' ? word : `${lines.at(-1)} ${word}`
    if (lines.at(-1) === '' || textWidth(longer, size) <= room) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  const shown = lines.length > 3 ? [...lines.slice(0, 2), `${lines.slice(2).join(' ')}`] : lines
  return shown.map((line) => fitText(line, size, room))
}
