import { type NamedRead } from '../cql/named-reads.ts'
import { type SelectStatement } from '../cql/parse-select.ts'
import { namedReadJob, type PageJob, type PageOptions, type Parameters, type ReadPage, selectJob } from '../cql/read-pages.ts' // prettier-ignore
import { type OpenTable, readRows } from './tables-read.ts'

type Open = (table: string) => OpenTable

/** A page of one SELECT with its parameters by name; `now` is the clock in ms. Throws QUERY_REFUSED. */
export function runSelect(
  select: SelectStatement,
  params: Parameters,
  page: PageOptions,
  now: number,
  open: Open,
): ReadPage {
  return runPage(selectJob(select, params, page, now), now, open)
}

/** A page of a named read with its parameters as given, as text or values. Throws QUERY_REFUSED. */
export function runNamedRead(
  read: NamedRead,
  given: Parameters,
  page: PageOptions,
  now: number,
  open: Open,
): ReadPage {
  return runPage(namedReadJob(read, given, page, now), now, open)
}

function runPage(job: PageJob, now: number, open: Open): ReadPage {
  const tables = job.selects.map(({ table }) => open(table.name))
  const { rows, last } = readRows({ ...job, open: tables, now: Math.floor(now / 1000) })
  return job.page(rows, last)
}
