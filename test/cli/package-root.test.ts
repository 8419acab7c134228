import { tmpdir } from 'node:os'
import { expect, test } from '@jest/globals'
import { commandIn, packageRoot } from '../../cli/project/package-root.ts'

test('from a checkout the command is in its folder, elsewhere on the PATH', () => {
  expect(commandIn(packageRoot())).toBe('./millrace')
  expect(commandIn(tmpdir())).toBe('millrace')
})
