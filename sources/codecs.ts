import { permanentError, type ValueCodec } from '../engine/component/index.ts'
import { jsonReader } from './codecs/json-reader.ts'

/** How values without a schema may be encoded. */
export type Format = 'json' | 'text' | 'bytes'

/** The codec of a format. */
export function codecOf(format: Format): ValueCodec {
  return codecs[format]
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const codecs: Readonly<Record<Format, ValueCodec>> = {
  json: {
    name: 'json',
    prepare: () => undefined,
    decode: parse,
    reader: (path) => jsonReader(path, parse),
  },
  text: {
    name: 'text',
    prepare: () => undefined,
    decode(bytes, start, end) {
      try {
        return utf8.decode(bytes.subarray(start, end))
      } catch (error) {
        throw permanentError('RECORD_INVALID', 'The value is not UTF-8 text.', { cause: error })
      }
    },
    reader: (path) => refuse('text', path),
  },
  bytes: {
    name: 'bytes',
    prepare: () => undefined,
    // A copy: decoded values may outlive the batch that they came in.
    decode: (bytes, start, end) => Buffer.from(bytes.subarray(start, end)),
    reader: (path) => refuse('bytes', path),
  },
}

function refuse(format: Format, path: readonly string[]): never {
  const field = path.join('.')
  throw permanentError(
    'CONFIG_INVALID',
    `Values of the format ${format} have no fields, so no ${field} can be read.`,
  )
}

function parse(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end)) as unknown
  } catch (error) {
    throw permanentError('RECORD_INVALID', 'The value is not JSON.', { cause: error })
  }
}
