/** A place in a text, from 1. */
export interface TextPlace {
  readonly line: number
  readonly column: number
}

/**
 * Where each value of a JSON text begins, by its JSON pointer (`/fields/0/type`; empty for the whole). Of an object's
 * member it is the key that counts. The text must be valid JSON.
 */
export function jsonPlaces(text: string): ReadonlyMap<string, TextPlace> {
  const places = new Map<string, TextPlace>()
  const lines = lineStarts(text)
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g
  const next = () => token.exec(text)!

  const place = (offset: number): TextPlace => {
    let low = 0
    for (let high = lines.length; high - low > 1;) {
      const middle = (low + high) >> 1
      if (lines[middle]! <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - lines[low]! + 1 }
  }
  const value = (pointer: string, first: RegExpExecArray): void => {
    if (!places.has(pointer)) places.set(pointer, place(first.index))
    if (first[0] === '{') members(pointer)
    else if (first[0] === '[') items(pointer)
  }
  const members = (pointer: string): void => {
    for (let key = next(); key[0] !== '}'; key = next()) {
      if (key[0] === ',') continue
      const inner = `${pointer}/${escaped(JSON.parse(key[0]) as string)}`
      places.set(inner, place(key.index))
      next()
      value(inner, next())
    }
  }
  const items = (pointer: string): void => {
    let index = 0
    for (let item = next(); item[0] !== ']'; item = next()) {
      if (item[0] !== ',') value(`${pointer}/${index++}`, item)
    }
  }
  value('', next())
  return places
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
