import { Observable } from 'rxjs'
import { fatalError } from '../../errors.ts'
import type { CastFunction } from '../casts.ts'
import type { RecordTypes } from '../codec.ts'
import { operator, type Operator } from '../operator.ts'
import { RecordBatch, type BatchOrigin } from '../record-batch.ts'
import { Collector, eachRow } from './rows.ts'

/** What records of one type become. */
export interface TypeCast {
  /** Full name of the record. */
  readonly to: string
  readonly cast: CastFunction
}

/** What is to be done with the types that come in: by name. Those that are not named stay as they are. */
export type CastsOf = (names: readonly string[], topic: string) => ReadonlyMap<string, TypeCast>

/** What is done with the records of a codec that other nodes may have cast before. */
interface Casting {
  readonly casts: ReadonlyMap<string, TypeCast>
  /** By what the source reads: what it is in the end. */
  readonly cast: ReadonlyMap<string, string>
  readonly types: RecordTypes
}

/**
 * Makes records of one type records of another: nodes behind it see the new type. What a cast returns is checked by the new
 * type's schema, where the source has it, and gets its defaults. Batches without any record to be cast pass on still encoded.
 */
export function castTypes(castsOf: CastsOf): Operator {
  return operator((scope) => (input) => {
    const known = new Map<unknown, Map<unknown, Casting>>()
    const castingOf = (batch: RecordBatch): Casting => {
      const { codec, cast } = batch.origin
      const found = known.get(codec)?.get(cast)
      if (found !== undefined) return found
      const made = castingFor(batch, castsOf)
      known.set(codec, (known.get(codec) ?? new Map<unknown, Casting>()).set(cast, made))
      return made
    }
    return new Observable((output) =>
      input.subscribe((batch) => {
        let casting: Casting | undefined
        const toCast = (i: number): TypeCast | undefined => {
          casting ??= castingOf(batch)
          return casting.casts.get(batch.type(i) ?? '')
        }
        const casts = anyRow(batch, toCast)
        const made = new Collector(batch, casts)
        eachRow(scope, batch, (i) => {
          const one = toCast(i)
          if (one === undefined) made.add(i, made.derives ? batch.value(i) : undefined)
          else made.add(i, fitted(casting!.types, one, one.cast(batch.value(i))))
        })
        if (made.length === 0) return
        const done = made.batch()
        output.next(casts ? recast(done, casting!.cast) : done)
      }),
    )
  })
}

function anyRow(batch: RecordBatch, toCast: (i: number) => TypeCast | undefined): boolean {
  try {
    for (let i = 0; i < batch.length; i++) if (toCast(i) !== undefined) return true
    return false
  } catch {
    // It is thrown again for each record, and then is the error of that.
    return false
  }
}

function castingFor({ origin, topic }: RecordBatch, castsOf: CastsOf): Casting {
  const { types } = origin.codec
  if (types === undefined)
    throw fatalError(
      'CONFIG_INVALID',
      `The values of ${topic} have no schema, and so no MAJOR to be cast from.`,
    )
  const nameOf = (name: string): string => origin.cast?.get(name) ?? name
  const casts = castsOf([...new Set(types.names.map(nameOf))], topic)
  const cast = new Map(types.names.map((name) => [name, casts.get(nameOf(name))?.to ?? nameOf(name)]))
  return { casts, cast, types }
}

function fitted(types: RecordTypes, { to }: TypeCast, value: unknown): unknown {
  return types.names.includes(to) ? types.fit(to, value) : value
}

function recast({ origin, rows, length, values }: RecordBatch, cast: BatchOrigin['cast']): RecordBatch {
  return new RecordBatch({ ...origin, cast }, rows, length, values)
}
