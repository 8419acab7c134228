import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

// RxJS operators that lose a record without settling it, end the stream on a throw, or keep records
// for an unknown time. The door (engine/component) has its own forms, which the ledger can follow.
const bareOperators = [
  'audit(Time)?|buffer(Count|Time|Toggle|When)?|catchError|debounce(Time)?|distinct(UntilChanged|UntilKeyChanged)?',
  'elementAt|exhaustMap|filter|find|first|groupBy|ignoreElements|last|map|onErrorResumeNext(With)?|retry|sample(Time)?',
  'scan|single|skip(Last|Until|While)?|switchMap|switchScan|take(Last|Until|While)?|throttle(Time)?',
  'timeout|window(Count|Time|Toggle|When)?',
].join('|')

const lines = (max) => ['error', { max, skipBlankLines: true, skipComments: true }]

export default defineConfig(
  globalIgnores([
    'dist/',
    'coverage/',
    'native/build/',
    '.node/',
    '.millrace/',
    '.reports/',
    'schemas/types.ts',
  ]),
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': lines(300),
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true, IIFEs: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],

      // `array[i]!` is how hot code says that the index is in range (noUncheckedIndexedAccess is on).
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A method may be async because its contract is, not because it waits.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['sources/*.ts', 'processors/*.ts', 'sinks/*.ts'],
    rules: { 'max-lines': lines(150) },
  },
  {
    files: ['main.ts'],
    rules: { 'max-lines': lines(80) },
  },
  {
    files: ['processors/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['rxjs', 'rxjs/operators'],
              importNamePattern: `^(${bareOperators})$`,
              message: 'The ledger cannot follow a bare operator: use one of engine/component.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
)
