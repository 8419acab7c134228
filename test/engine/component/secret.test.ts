import { expect, test } from '@jest/globals'
import { inspect } from 'node:util'
import { secretOf } from '../../../engine/component/contracts/secret.ts'

test('a secret shows itself to nobody who does not ask for it', () => {
  const secret = secretOf('canary')
  expect(secret.reveal()).toBe('canary')
  const shown = [
    (secret as { toString(): string }).toString(),
    JSON.stringify({ secret }),
    inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
    Object.entries(secret).join(),
    JSON.stringify(structuredClone({ ...secret })),
  ]
  for (const text of shown) expect(text).not.toContain('canary')
  expect(JSON.stringify({ secret })).toBe('{"secret":"***"}')
  expect(inspect(secret)).toBe('***')
})
