import type { Command } from './command.ts'

/** A command as the overview knows it: its code is loaded when it is needed. */
export interface CommandEntry {
  readonly name: string
  /** Equal to the command's own summary, which a test sees to. */
  readonly summary: string
  /** Whether it needs the sources, processors and sinks: loading them takes a while. */
  readonly components: boolean
  readonly load: () => Promise<Command>
}

/** All commands, in the order in which one meets them. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'Runs the audit topologies on a git history and shows what happened.',
    components: true,
    load: async () => (await import('../demo.ts')).command,
  },
  {
    name: 'new',
    summary: 'Writes a small working topology, processor or sink, with its test.',
    components: false,
    load: async () => (await import('../new.ts')).command,
  },
  {
    name: 'run',
    summary: 'Runs topologies until they are stopped, or until the end of their topics.',
    components: true,
    load: async () => (await import('../run.ts')).command,
  },
  {
    name: 'lint',
    summary: 'Checks topologies and says what is wrong or dangerous, with places.',
    components: true,
    load: async () => (await import('../lint.ts')).command,
  },
  {
    name: 'describe',
    summary: 'Draws a topology: as text, mermaid, dot or SVG; or tells of a component.',
    components: true,
    load: async () => (await import('../describe.ts')).command,
  },
  {
    name: 'explain',
    summary: 'Says what a topology guarantees, and why.',
    components: true,
    load: async () => (await import('../explain.ts')).command,
  },
  {
    name: 'test',
    summary: 'Runs the test cases of topologies, on the engine, without servers.',
    components: true,
    load: async () => (await import('../test.ts')).command,
  },
  {
    name: 'produce',
    summary: 'Writes records into a topic, from lines of JSON.',
    components: false,
    load: async () => (await import('../produce.ts')).command,
  },
  {
    name: 'shop',
    summary: 'Writes the events of a made-up shop into its topics: data for demos, tests and load.',
    components: false,
    load: async () => (await import('../shop.ts')).command,
  },
  {
    name: 'query',
    summary: 'Runs a named read of cql/queries/.',
    components: false,
    load: async () => (await import('../query.ts')).command,
  },
  {
    name: 'cql',
    summary: 'Applies the migrations of cql/ to Cassandra or Scylla.',
    components: false,
    load: async () => (await import('../cql.ts')).command,
  },
  {
    name: 'reconcile',
    summary: 'Compares the topics of a topology with its tables, row by row.',
    components: true,
    load: async () => (await import('../reconcile.ts')).command,
  },
  {
    name: 'trace',
    summary: 'Says where an event went: positions, each node, letters, rows, outputs.',
    components: true,
    load: async () => (await import('../trace.ts')).command,
  },
  {
    name: 'dlq',
    summary: 'Lists, shows, releases, edits, discards and replays parked records.',
    components: false,
    load: async () => (await import('../dlq.ts')).command,
  },
  {
    name: 'serve',
    summary: 'Serves operations over HTTP: what dlq does, for whoever has a key or token.',
    components: false,
    load: async () => (await import('../serve.ts')).command,
  },
  {
    name: 'keys',
    summary: 'Makes, lists and revokes the keys that millrace serve lets in.',
    components: false,
    load: async () => (await import('../keys.ts')).command,
  },
  {
    name: 'topics',
    summary: 'Plans and makes the topics of a cluster; lists and shows them.',
    components: true,
    load: async () => (await import('../topics.ts')).command,
  },
  {
    name: 'schemas',
    summary:
      'Checks schemas: style, compatibility, versions; registers them, compares with a registry; TypeScript types.',
    components: false,
    load: async () => (await import('../schemas.ts')).command,
  },
  {
    name: 'lag',
    summary: 'Shows how far topologies are behind, in records and in seconds.',
    components: true,
    load: async () => (await import('../lag.ts')).command,
  },
  {
    name: 'offsets',
    summary: 'Shows what a topology has committed, and sets it back or forth.',
    components: true,
    load: async () => (await import('../offsets.ts')).command,
  },
  {
    name: 'reset',
    summary: 'Makes a topology forget its offsets and its state, so that it begins anew.',
    components: true,
    load: async () => (await import('../reset.ts')).command,
  },
  {
    name: 'replay',
    summary: 'Runs records of some time through a topology once more, beside the live one.',
    components: true,
    load: async () => (await import('../replay.ts')).command,
  },
]
