import { expect, test } from '@jest/globals'
import { downstreamError, permanentError } from '../../../engine/errors.ts'
import { Intervals } from '../../../engine/runtime/intervals.ts'
import { KeyedExecutor } from '../../../engine/runtime/keyed-executor.ts'
import { Ledger } from '../../../engine/runtime/ledger.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { batchFrom, CountingOwner, packed, Random } from '../../support/harness-records.ts'
import { StageBench } from '../../support/harness-stage.ts'

test.each(['batch', 'record'] as const)(
  'a call that fails for one record parks that one (order %s)',
  (order) => {
    const bench = new StageBench(new FakeClock(), new Random(1))
    const ledger = new Ledger({ topic: 'in', partition: 0 }, 0, new Intervals(), new CountingOwner())
    const done: number[] = []
    const executor = new KeyedExecutor(bench.context, {
      order,
      concurrency: 1,
      maxBatch: 10,
      late: () => downstreamError('TIMED_OUT', 'late'),
      perform(batch) {
        for (let n = 0; n < batch.length; n++) {
          if (batch.record(n).offset === 2)
            throw permanentError('RECORD_INVALID', 'The record can not be written.')
        }
        return undefined
      },
      done(batch) {
        for (let n = 0; n < batch.length; n++) done.push(batch.record(n).offset)
      },
    })
    const records = packed(['a', 'b', 'c', null, 'c', 'a'].map((key, offset) => ({ offset, key })))
    executor.submit(batchFrom(records, ledger.admit(records, 1)))
    expect(bench.given).toEqual([2])
    expect(bench.followed).toEqual([4])
    expect(done.toSorted()).toEqual([0, 1, 3, 5])
    expect(executor.held).toBe(0)
    expect(executor.lanes).toBe(0)
  },
)
