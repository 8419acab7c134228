// The verdicts that the unit test goes by are Java's.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { javaVerdicts } from '../../../support/servers/compatibility-java.ts'
import { verdictText } from './java-text.ts'
import { pairs } from './pairs.ts'

const file = new URL('java-verdicts.json', import.meta.url)

test('SchemaCompatibility of Avro for Java says what java-verdicts.json says', async () => {
  const verdicts = await javaVerdicts(pairs)
  const said = Object.fromEntries(
    verdicts.map(({ verdict, problems }, index) => {
      const { rule, name } = pairs[index]!
      return [
        `${rule}: ${name}`,
        verdict === 'ERROR' ? verdict : verdictText(verdict === 'COMPATIBLE', problems),
      ]
    }),
  )
  expect(verdicts).toHaveLength(pairs.length)
  // MILLRACE_WRITE_VERDICTS=1 takes them over, after a pair was added.
  if (process.env['MILLRACE_WRITE_VERDICTS'] === '1')
    writeFileSync(file, `${JSON.stringify(said, undefined, 2)}\n`)
  expect(said).toEqual(JSON.parse(readFileSync(file, 'utf8')))
})
