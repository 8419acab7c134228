import type { AvroField, RecordNode } from '../model.ts'
import { matchingFields } from '../resolution.ts'
import { mismatch, type Place, type Reading, type ReadingProblem } from './rules.ts'

/** Each field of the reader is written, under its name or one alias, or has a default. */
export function recordProblems(
  reading: Reading,
  writer: RecordNode,
  reader: RecordNode,
  at: Place,
): ReadingProblem[] {
  return reader.fields.flatMap((field, index) => {
    const place = {
      pointer: `${at.pointer}/fields/${index}`,
      path: at.path === '' ? field.name : `${at.path}.${field.name}`,
    }
    const [match, other] = matchingFields(writer, field)
    if (match === undefined) return missing(reading, field, place)
    if (other !== undefined) {
      const what = `may be ${match.name} or ${other.name} of what is written`
      return [mismatch('AMBIGUOUS_FIELD', place, what)]
    }
    return reading.compare(match.type, field.type, { ...place, pointer: `${place.pointer}/type` })
  })
}

function missing({ dialect }: Reading, field: AvroField, place: Place): ReadingProblem[] {
  if (field.hasDefault) return []
  const what = 'is not written, and has no default'
  // For an enum with a default, SchemaCompatibility compares the enum with the whole record of the writer.
  const byType = dialect === 'java' && field.type.kind === 'enum' && field.type.default !== undefined
  return byType
    ? [mismatch('TYPE_MISMATCH', { ...place, pointer: `${place.pointer}/type` }, what)]
    : [mismatch('READER_FIELD_MISSING_DEFAULT_VALUE', place, what)]
}
