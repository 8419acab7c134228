import { describe, expect, test } from '@jest/globals'
import { lintRules } from '../../../engine/topology/lint-rules.ts'
import { mendedExamples } from '../../../engine/topology/lint-mended.ts'
import { lintText } from './kit.ts'

describe('every rule', () => {
  test.each(lintRules)(
    '$code finds its example, and nothing else is wrong there',
    ({ code, severity, example }) => {
      const findings = lintText(example.topology, example.facts)
      expect(findings.map((finding) => finding.code)).toEqual([code])
      expect(findings[0]).toMatchObject({ severity, file: 't.yaml' })
    },
  )

  test.each(lintRules)(
    '$code has nothing to say of its example, mended, nor has any other',
    ({ code, example }) => {
      const mended = mendedExamples[code]
      expect(mended?.topology).toContain('name: ')
      expect(mended!.topology === example.topology && mended!.facts === undefined).toBe(false)
      expect(lintText(mended!.topology, mended!.facts ?? example.facts)).toEqual([])
    },
  )

  test.each(lintRules)('$code speaks in sentences, and has all that its page shows', (rule) => {
    const [finding] = lintText(rule.example.topology, rule.example.facts)
    expect(finding!.message).toMatch(/^["A-Z0-9].*[.!?]$/)
    expect(rule.explanation).toMatch(/[.)]$/)
    expect(rule.remedy).toMatch(/\.$/)
    expect(rule.title).toMatch(/^[A-Z].*[^.]$/)
  })

  test('has a code of its own, in order', () => {
    const codes = lintRules.map(({ code }) => code)
    for (const code of codes) expect(code).toMatch(/^ML\d{3}$/)
    expect(codes).toEqual([...new Set(codes)].sort())
  })

  test.each(
    lintRules.filter(({ example }) => Object.keys(example.facts ?? {}).some((fact) => fact !== 'topics')),
  )('$code is silent about what nobody knows', ({ code, example }) => {
    expect(lintText(example.topology).map((finding) => finding.code)).not.toContain(code)
  })
})
