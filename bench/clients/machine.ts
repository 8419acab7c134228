import { cpus, release, totalmem, type } from 'node:os'

/** What a benchmark ran on, as its results say it. */
export function thisMachine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.version,
  }
}
