// The hook of docs/guide/schemas-in-ci.md, run by git.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { folderWith } from '../support/folder.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const guide = readFileSync(`${root}docs/guide/schemas-in-ci.md`, 'utf8')
const hook = /^```sh\n(#!\/bin\/sh\n[^`]*)```$/m.exec(guide)![1]!

const schema = (...fields: readonly object[]): string =>
  JSON.stringify({
    ...{ type: 'record', name: 'Order', namespace: 'shop', doc: 'x' },
    fields: [{ name: 'id', type: 'string', doc: 'x' }, ...fields],
  })

test('the hook lets a good version in, and keeps a breaking one out', () => {
  const command = `#!/bin/sh\nexec node ${root}main.ts "$@"\n`
  const folder = folderWith({ 'bin/millrace': command, 'schemas/orders/Order.v1.0.avsc': schema() })
  chmodSync(`${folder.path}/bin/millrace`, 0o755)
  const env = { ...process.env, PATH: `${folder.path}/bin:${process.env['PATH']}`, NODE_NO_WARNINGS: '1' }
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder.path, env, stdio: 'pipe' })
  const commit = () => {
    git('add', '-A')
    const words = ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'x']
    return spawnSync('git', words, { cwd: folder.path, env, encoding: 'utf8' })
  }
  git('init', '-q')
  expect(commit().status).toBe(0)
  writeFileSync(`${folder.path}/.git/hooks/pre-commit`, hook, { mode: 0o755 })

  folder.write('schemas/orders/Order.v1.1.avsc', schema({ name: 'n', type: 'int', default: 0, doc: 'x' }))
  expect(commit()).toMatchObject({ status: 0 })
  folder.write('schemas/orders/Order.v1.0.avsc', schema({ name: 'n', type: 'int', doc: 'x' }))
  const refused = commit()
  expect(refused.status).not.toBe(0)
  expect(refused.stdout + refused.stderr).toMatch(/EDITED|INCOMPATIBLE/)
  folder.remove()
}, 60_000)
