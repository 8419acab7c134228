// Loaded before a process (--import): its wall clock is off by as many milliseconds as the file CLOCK says, which may
// change at any time. Date alone is changed: monotonic clocks and timers of the system do not jump in reality either.
import { readFileSync } from 'node:fs'

const file = process.env['CLOCK']
const RealDate = globalThis.Date
let offset = 0

function readOffset(): void {
  try {
    offset = Number(readFileSync(file!, 'utf8')) || 0
  } catch {
    // It has not been written yet.
  }
}

class JumpingDate extends RealDate {
  constructor(...given: readonly unknown[]) {
    if (given.length === 0) super(RealDate.now() + offset)
    else super(...(given as [number]))
  }

  static override now(): number {
    return RealDate.now() + offset
  }
}

if (file !== undefined && file !== '') {
  readOffset()
  setInterval(readOffset, 200).unref()
  globalThis.Date = JumpingDate as DateConstructor
}
