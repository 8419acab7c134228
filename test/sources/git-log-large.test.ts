import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { all, cleanUp, root, type Change } from './git-repositories.ts'

cleanUp()

/** Compared instead of the values: tens of thousands of objects take their time. */
const textOf = (value: unknown): string => JSON.stringify(value)

describe('marks', () => {
  const repository = { folder: join(root, 'many') }
  beforeAll(() => {
    mkdirSync(repository.folder)
    execFileSync('git', ['init', '-q', '--bare'], { cwd: repository.folder })
    const commits = Array.from({ length: 430 }, (_, n) => {
      const files = Array.from(
        { length: 100 },
        (_file, f) => `M 100644 inline d${f % 10}/f${f}\ndata <<E\n${n}\nE\n`,
      ).join('')
      return `commit refs/heads/main\ncommitter U <u@x> ${1_600_000_000 + n} +0000\ndata <<E\nc${n}\nE\n${files}\n`
    })
    execFileSync('git', ['fast-import', '--quiet'], { cwd: repository.folder, input: commits.join('') })
    execFileSync('git', ['symbolic-ref', 'HEAD', 'refs/heads/main'], { cwd: repository.folder })
  })

  test.each([
    { trouble: undefined },
    { trouble: { duplicates: 0.05, disorder: 0.05, broken: 0.01, seed: 7 } },
  ])(
    'let it begin near an offset far in the history: %j',
    async ({ trouble }) => {
      const config = { repo: repository.folder, ...(trouble === undefined ? {} : { trouble }) }
      const notes = new Map<string, string>()
      const whole = await all(config, notes)
      const marks = JSON.parse(notes.get('checkpoints')!) as { offset: number }[]
      expect(marks.length).toBeGreaterThan(1)
      for (const offset of [marks[0]!.offset - 1, marks[0]!.offset, marks[1]!.offset + 333]) {
        expect(textOf(await all(config, notes, offset))).toBe(textOf(whole.slice(offset)))
      }
    },
    60_000,
  )

  test('that do not fit the history any more are noticed', async () => {
    const notes = new Map<string, string>()
    await all({ repo: repository.folder }, notes)
    const marks = JSON.parse(notes.get('checkpoints')!) as { offset: number; sha: string }[]
    notes.set('checkpoints', JSON.stringify(marks.map((mark) => ({ ...mark, sha: 'f'.repeat(40) }))))
    await expect(all({ repo: repository.folder }, notes, marks[0]!.offset)).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('is not where it was'),
    })
  })
})

describe('trouble', () => {
  test('depends on nothing but seed and history, loses nothing, and does all three', async () => {
    const repo = join(root, 'many')
    const trouble = { duplicates: 0.02, disorder: 0.01, broken: 0.005, seed: 1 }
    const [plain, first, again, other] = await Promise.all([
      all({ repo }),
      all({ repo, trouble }),
      all({ repo, trouble }),
      all({ repo, trouble: { ...trouble, seed: 2 } }),
    ])
    const ids = (changes: readonly Change[]) => changes.map(({ value }) => value['id'] as string)
    expect(textOf(again)).toBe(textOf(first))
    expect(textOf(other)).not.toBe(textOf(first))
    expect(textOf([...new Set(ids(first))].sort())).toBe(textOf(ids(plain).sort()))
    const share = (count: number): number => count / plain.length
    expect(share(first.length - plain.length)).toBeCloseTo(0.02, 2.3)
    const broken = first.filter(
      ({ value }) =>
        value['authorEmail'] === '' || value['action'] === '' || (value['committedAt'] as number) > 4e12,
    )
    expect(share(broken.length)).toBeCloseTo(0.005, 2.6)
    const bodies = new Map<string, string>()
    for (const { value } of first) {
      const body = JSON.stringify(value)
      if ((bodies.get(value['id'] as string) ?? body) !== body) throw new Error(`two bodies: ${body}`)
      bodies.set(value['id'] as string, body)
    }
  }, 60_000)
})
