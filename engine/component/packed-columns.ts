/** One backing buffer, and columns that say where each record's parts lie in it. A start of -1 means null. */
export interface PackedColumns {
  readonly count: number
  readonly bytes: Buffer
  /** Milliseconds since 1970, as the topic keeps them (not the event time). */
  readonly timestamps: Float64Array
  readonly keyStarts: Int32Array
  readonly keyEnds: Int32Array
  readonly valueStarts: Int32Array
  readonly valueEnds: Int32Array
  readonly headerStarts: Int32Array
  readonly headerEnds: Int32Array
}
