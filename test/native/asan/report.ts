// Reads what AddressSanitizer and LeakSanitizer write.

export interface Verdict {
  /** Bad accesses, and leaks of what the addon or librdkafka had allocated, each with its stack. */
  readonly faults: readonly string[]
  /** How many leaks had nothing of ours in their stacks: Node and OpenSSL do not free all at exit. */
  readonly others: number
}

// A frame has its source where there are debug symbols, otherwise its module.
const ours = /\/native\/src\/|\brdkafka(_mock)?\.node\b|librdkafka/

// The promises that a thread leaves open when it is terminated: Node does not let anybody settle, and so free, them.
const inevitable = /\bnapi_create_promise\b/

/** Tells our faults from Node's own leaks in the given reports. */
export function judge(reports: readonly string[]): Verdict {
  const faults: string[] = []
  let others = 0
  for (const report of reports) {
    if (!report.includes('ERROR: LeakSanitizer')) {
      if (report.trim() !== '') faults.push(report.trim())
      continue
    }
    for (const block of report.split(/\n\n+/)) {
      if (!/^(Direct|Indirect) leak of /.test(block)) continue
      if (ours.test(block) && !inevitable.test(block)) faults.push(block)
      else others++
    }
  }
  return { faults, others }
}
