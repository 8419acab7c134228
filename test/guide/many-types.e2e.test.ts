import { expect, test } from '@jest/globals'
import { blocksOf } from '../docs/blocks.ts'
import { millrace } from '../support/cli.ts'
import { castFile, shopWith, topic } from '../types/project.ts'

test('what docs/guide/many-types.md shows runs as it says, and lint has nothing against its types', async () => {
  const [topology, cast, cases] = blocksOf('docs/guide/many-types.md').map(({ text }) => text)
  const shop = shopWith({
    'topologies/order-views.yaml': topology!,
    'topologies/order-views.test.yaml': cases!,
    [`schemas/${topic}/${castFile}`]: cast!,
  })
  try {
    const ran = await millrace(['test'], { cwd: shop.path })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toContain('1 case holds')
    const linted = await millrace(['lint', 'topologies/order-views.yaml', '-o', 'json'], { cwd: shop.path })
    expect(JSON.parse(linted.stdout)).toMatchObject({ errors: 0, warnings: 0 })
  } finally {
    shop.remove()
  }
})
