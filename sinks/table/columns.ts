/** What of a table sink's config says which field a column gets. */
export interface ColumnConfig {
  readonly columns: Readonly<Record<string, string | null>>
  readonly bucket?: { readonly column: string } | undefined
  readonly hash?: { readonly column: string } | undefined
}

/** The field that a column gets; undefined where the column is computed, or left alone. */
export function fieldOfColumn({ columns, bucket, hash }: ColumnConfig, column: string): string | undefined {
  if (column === bucket?.column || column === hash?.column) return undefined
  const given = columns[column]
  return given === undefined ? camelCase(column) : (given ?? undefined)
}

function camelCase(column: string): string {
  return column.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
