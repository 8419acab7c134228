// A reporter that only remembers how the run ended: global teardown is not told.

/** `passed` is known when the last test file is done. */
export const outcome: { passed?: boolean } = ((globalThis as { millraceOutcome?: object }).millraceOutcome ??=
  {})

/** What Jest tells at the end; counts. */
interface Results {
  numFailedTests: number
  numRuntimeErrorTestSuites: number
  wasInterrupted: boolean
}

export default class OutcomeReporter {
  onRunComplete(_contexts: unknown, results: Results): void {
    outcome.passed =
      results.numFailedTests + results.numRuntimeErrorTestSuites === 0 && !results.wasInterrupted
  }
}
