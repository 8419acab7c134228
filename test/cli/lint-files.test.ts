import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { filesToLint } from '../../cli/lint/files.ts'
import { folderWith } from '../support/folder.ts'

let folder: ReturnType<typeof folderWith>
beforeEach(() => {
  folder = folderWith({
    'app/topologies/a.yaml': 'name: a\n',
    'app/topologies/a.test.yaml': '',
    'app/topologies/b.yaml': 'name: b\n',
    'other/c.yaml': 'name: c\n',
  })
})
afterEach(() => folder.remove())

const meant = (cwd: string, positionals: string[] = [], values = {}) =>
  filesToLint({ cwd: `${folder.path}/${cwd}`, positionals, values }).files.map((file) =>
    file.split('/').at(-1),
  )

test('without a file the topologies of the project are meant', () => {
  expect(meant('app')).toEqual(['a.yaml', 'b.yaml'])
  expect(meant('other', [], { project: '../app' })).toEqual(['a.yaml', 'b.yaml'])
  expect(meant('app', ['topologies/b.yaml'])).toEqual(['b.yaml'])
  expect(() => meant('other')).toThrow(
    `There is no folder topologies/ in ${folder.path}/other: name a file or a folder, or give --project.`,
  )
})
