// The suffix of a test file says what it needs; one project per suffix (`--selectProjects unit`).
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/transform.mjs' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/\\.node/', '<rootDir>/\\.millrace/'],
  testPathIgnorePatterns: ['/node_modules/'],
}

const suffixed = (name) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/**/*.${name}.test.ts`],
})

const unit = {
  ...shared,
  displayName: 'unit',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '\\.(int|chaos|e2e)\\.test\\.ts$'],
}

export default {
  projects: [unit, suffixed('int'), suffixed('e2e'), suffixed('chaos')],
}
