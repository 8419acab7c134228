import { addedDefaults, enumDefaults, optionalDefaults } from './defaults.ts'
import { deprecations } from './deprecations.ts'
import { envelope } from './envelope.ts'
import { ids } from './ids.ts'
import { logicalTypes } from './logical-types.ts'
import { money } from './money.ts'
import { fieldNames, namespaces, symbolNames, typeNames } from './names.ts'
import { personalData } from './personal.ts'
import type { StyleRule } from './style-rule.ts'
import { time } from './time.ts'
import { documentation } from './words.ts'

/** All rules of style, by code. */
export const styleRules: readonly StyleRule[] = [
  ...[typeNames, fieldNames, symbolNames, namespaces, documentation, optionalDefaults, addedDefaults],
  ...[money, time, ids, personalData, enumDefaults, deprecations, logicalTypes, envelope],
]

/** What is said of a `lintAllow` that allows nothing. */
export const staleStyleAllowance = {
  code: 'MS000',
  severity: 'warning',
  title: 'A lintAllow that allows nothing',
  explanation:
    'An attribute `"lintAllow": {"CODE": "reason"}` stands where its rule has nothing to say (any more), names no rule, or gives no reason; ' +
    'or a `lintAllow` of the catalogue accepts what is not there. Left there, it would hide the next finding.',
} as const
