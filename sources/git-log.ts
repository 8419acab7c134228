import { z } from 'zod'
import { defineSource, Duration, fatalError } from '../engine/component/index.ts'
import { codecOf } from './codecs.ts'

const Share = z.number().min(0).max(1).prefault(0)

const Trouble = z.strictObject({
  duplicates: Share.meta({ description: 'The share of changes that are sent again a little later.' }),
  disorder: Share.meta({ description: 'The share of changes that are sent late.' }),
  broken: Share.meta({ description: 'The share of changes that are sent broken, in one of three ways.' }),
  seed: z.int().prefault(1).meta({ description: 'Another seed hits other changes.' }),
})

export const gitLog = defineSource({
  name: 'git-log',
  summary: 'Reads the history of a git repository, oldest first: one record for each changed file.',
  notes: `
The value is an object: \`id\` (of commit and path, always the same), \`repository\`, \`commit\`, \`committedAt\` (ms since 1970),
\`authorName\`, \`authorEmail\`, \`authorDomain\`, \`subject\`, \`action\` (\`added\`, \`modified\`, \`deleted\`, \`renamed\`, \`retyped\`), \`path\`,
\`oldPath\` (of a rename, otherwise null). The key is the path, the timestamp the committer's date.

## Order and offsets
Parents come before children. Offsets count changes and stay the same over restarts; commits that are made later get the
offsets after those. At the end the source looks for new commits every \`follow\`. If the history is rewritten, the
new commits are read too; the old ones, once git has removed them, can no longer be read again.

## Merges
A merge gives records only for files that differ from all of its parents: what was decided in the merge itself. All
else came with the commits that it merged.

## Limits
One worker reads a repository: it has one partition. A commit without changed files gives no record. Paths that are not
UTF-8 are read as Latin-1. git itself runs as two processes and keeps about 200 bytes for each commit.
\`trouble\` is for demonstrations and tests alone: it sends events as a bad producer would.
`,

  config: z.strictObject({
    repo: z
      .string()
      .min(1)
      .prefault('.')
      .meta({
        description: 'The folder of the repository, or a bundle file.',
        examples: ['../linux', 'demo/history.bundle'],
      }),
    ref: z
      .string()
      .min(1)
      .prefault('HEAD')
      .meta({
        description: 'The branch, tag or commit whose history is read.',
        examples: ['origin/main'],
      }),
    name: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'What `repository` says; without it the name of the folder.',
        examples: ['shop'],
      }),
    renames: z.enum(['exact', 'similar', 'none']).prefault('exact').meta({
      description: 'What is a rename: a file with the same content, or a similar one (slower), or nothing.',
    }),
    shallow: z.enum(['refuse', 'accept']).prefault('refuse').meta({
      description: 'What to do with a shallow clone, whose history is cut off.',
    }),
    follow: Duration.prefault('10s').meta({ description: 'How often to look for new commits.' }),
    trouble: Trouble.optional().meta({
      description: 'For demonstrations only: what goes wrong on the way.',
      examples: [{ duplicates: 0.02, disorder: 0.01, broken: 0.0005 }],
    }),
  }),

  examples: [
    { title: 'The repository in the working directory', config: {} },
    {
      title: 'A branch of another one, under a name of its own',
      config: { repo: '../shop', ref: 'main', name: 'shop' },
    },
  ],

  topics: (_config, { node }) => [topicOf(node)],
  codec: () => Promise.resolve(codecOf('json')),

  async open({ repo, ref, name, renames, shallow, follow, trouble }, { clock, node, notes }) {
    const { openRepository } = await import('./git-log/repository.ts')
    const { HistoryMemory } = await import('./git-log/memory.ts')
    const { GitReader } = await import('./git-log/reader.ts')
    const repository = await openRepository(repo)
    if (repository.shallow && shallow === 'refuse') throw cutOff(repository.folder)
    const repositoryName = name ?? repository.name
    const memory = new HistoryMemory(notes, JSON.stringify({ ref, name: repositoryName, renames, trouble }))
    const topic = topicOf(node)
    return new GitReader({
      topic,
      repository,
      repositoryName,
      ref,
      renames,
      trouble,
      followMs: follow,
      memory,
      clock,
    })
  },
})

function topicOf(node: string): string {
  return `git-log.${node}`
}

function cutOff(folder: string): Error {
  return fatalError(
    'SOURCE_FAILED',
    `${folder} is a shallow clone, whose history is cut off: run "git fetch --unshallow" there, or say "shallow: accept".`,
    { facts: { reason: 'shallow' } },
  )
}
