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
  setupFilesAfterEnv: ['<rootDir>/test/support/servers/patience.ts'],
  // Real servers: started when a test first asks for one, once per run.
  globalSetup: '<rootDir>/test/support/servers/setup.ts',
  globalTeardown: '<rootDir>/test/support/servers/teardown.ts',
})

const unit = {
  ...shared,
  displayName: 'unit',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '\\.(int|chaos|e2e|proof)\\.test\\.ts$'],
}

export default {
  reporters: ['default', '<rootDir>/test/support/servers/outcome.ts'],
  // A limit for what hangs; what is slow on a busy machine is no failure.
  testTimeout: 30_000,
  projects: [unit, suffixed('int'), suffixed('e2e'), suffixed('chaos'), suffixed('proof')],
}
