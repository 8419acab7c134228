import { expect, test } from '@jest/globals'
import { judge } from './report.ts'

const ofNode = `Direct leak of 24 byte(s) in 1 object(s) allocated from:
    #0 0x7fa9660b89cf in __interceptor_malloc ../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:69
    #1 0x1e1a180 in CRYPTO_malloc (/opt/node/bin/node+0x1e1a180)`

const ofLibrdkafka = `Direct leak of 2200 byte(s) in 1 object(s) allocated from:
    #0 0x7fa9660b89cf in __interceptor_malloc ../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:69
    #1 0x7fafe2850bef in rd_calloc /a/node_modules/node-rdkafka/deps/librdkafka/src/rd.h:135`

const ofAddon = `Indirect leak of 8 byte(s) in 1 object(s) allocated from:
    #0 0x7fa9660b89cf in operator new(unsigned long) ../../../../src/libsanitizer/asan/asan_new_delete.cpp:95
    #1 0x7fafe2850bef in millrace::open() /a/native/src/reader.cc:30`

const leaks = (...blocks: string[]) =>
  `\n=====\n==6371==ERROR: LeakSanitizer: detected memory leaks\n\n${blocks.join('\n\n')}\n\nSUMMARY: AddressSanitizer: 24 byte(s) leaked.\n`

test('no report is no fault', () => {
  expect(judge([])).toEqual({ faults: [], others: 0 })
  expect(judge([''])).toEqual({ faults: [], others: 0 })
})

test("Node's own leaks are counted, not blamed on us", () => {
  expect(judge([leaks(ofNode, ofNode)])).toEqual({ faults: [], others: 2 })
})

test('a leak with our code or librdkafka in its stack is a fault', () => {
  expect(judge([leaks(ofNode, ofLibrdkafka), leaks(ofAddon)])).toEqual({
    faults: [ofLibrdkafka, ofAddon],
    others: 1,
  })
})

test('frames without debug symbols name the module', () => {
  const block = `Direct leak of 1 byte(s) in 1 object(s) allocated from:
    #1 0x8aa900  (/a/native/build/Asan/rdkafka.node+0x10)`
  expect(judge([leaks(block)]).faults).toEqual([block])
})

test('everything that is no leak report is a fault, also that leaks could not be looked for', () => {
  const access = '==7204==ERROR: AddressSanitizer: heap-use-after-free on address 0x60200000a2f0'
  const traced = '==12==LeakSanitizer has encountered a fatal error.'
  expect(judge([access, traced])).toEqual({ faults: [access, traced], others: 0 })
})
