import { jsonPlaces, type TextPlace } from './json-places.ts'
import { schemaParts } from './schema-walk.ts'

/** Where a field stands in the text of a schema, by its path (`lines[].price`); the beginning where it is not there. */
export function fieldPlace(text: string, path: string | undefined): TextPlace {
  const start = { line: 1, column: 1 }
  if (path === undefined) return start
  try {
    const part = schemaParts(JSON.parse(text)).find((one) => one.what === 'field' && one.path === path)
    return part === undefined ? start : (jsonPlaces(text).get(part.pointer) ?? start)
  } catch {
    return start
  }
}
