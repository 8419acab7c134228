// Runs command lines in this process, and a small project to run them in.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCommandLine } from '../../cli/command-line/main-loop.ts'

/** What a command line answered. */
export interface Ran {
  readonly code: number
  readonly out: string[]
  readonly err: string[]
}

/** Runs a command line (without `millrace`) in a folder. */
export async function millrace(cwd: string, words: readonly string[], signal?: AbortSignal): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommandLine(words, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    cwd,
    env: { USER: 'tester' },
    signal: signal ?? new AbortController().signal,
    loadRegistry: async () => ({ sources: {}, processors: {}, sinks: {} }),
  })
  return { code, out, err }
}

/** The lines of a JSON answer, as values. */
export function answers(ran: Ran): unknown[] {
  return ran.out.map((line) => JSON.parse(line) as unknown)
}

const files: Readonly<Record<string, string>> = {
  'schemas/events/Event.v1.avsc': JSON.stringify({
    type: 'record',
    name: 'Event',
    namespace: 'shop',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'n', type: 'long' },
      { name: 'note', type: ['null', 'string'], default: null },
    ],
  }),
  'cql/0001-notes.cql': `
    CREATE TABLE notes (
      owner text, at timestamp, note text, tags frozen<list<text>>, size bigint,
      PRIMARY KEY (owner, at)
    ) WITH CLUSTERING ORDER BY (at DESC);`,
  'cql/queries/notes-of.cql': `
    -- summary: The notes of an owner, newest first.
    -- param owner text                 whose notes
    -- param before timestamp = now     notes older than this
    SELECT owner, at, note, tags, size FROM notes WHERE owner = :owner AND at < :before;`,
  'topologies/notes.yaml': 'name: notes\n',
}

/** A project in a folder of its own. */
export function makeProject(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text.replace(/^\s+--/gm, '--'))
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
