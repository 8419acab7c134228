import type { Broken } from './broken.ts'

export const fields: readonly Broken[] = [
  {
    title: 'a misspelt field',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: dedupe, from: in, by: id, windw: 7d } }
sinks: { out: { type: console, from: one } }
`,
    problems: ['3:54: The dedupe "one" has no field "windw": did you mean "window"?'],
  },
  {
    title: 'a field like no other',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: table, from: in, table: t, retries: 3 } }
`,
    problems: ['3:50: The table sink "out" has no field "retries": it has table, columns, type and from.'],
  },
  {
    title: 'a missing field',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors:
  one:
    type: dedupe
    from: in
sinks: { out: { type: console, from: one } }
`,
    problems: ['4:3: The dedupe "one" needs the field "by" (the field that holds the id).'],
  },
  {
    title: 'a duration without unit',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: dedupe, from: in, by: id, window: 7 } }
sinks: { out: { type: console, from: one } }
`,
    problems: [
      '3:62: "window" of the dedupe "one": expected a duration such as 200ms, 30s, 5m, 12h or 7d, not the number 7.',
    ],
  },
  {
    title: 'a duration in words',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: dedupe, from: in, by: id, window: 7 days } }
sinks: { out: { type: console, from: one } }
`,
    problems: [
      '3:62: "window" of the dedupe "one": expected a duration such as 200ms, 30s, 5m, 12h or 7d, not "7 days".',
    ],
  },
  {
    title: 'a choice that is none',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
errors: { then: prak }
`,
    problems: ['4:17: "then" of "errors" must be "park", "skip" or "halt", not "prak": did you mean "park"?'],
  },
  {
    title: 'a number that is too small',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
errors: { attempts: 0 }
`,
    problems: ['4:21: "attempts" of "errors" must be at least 1, not 0.'],
  },
  {
    title: 'half an attempt',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
errors: { attempts: 2.5 }
`,
    problems: ['4:21: "attempts" of "errors" must be a whole number, not the number 2.5.'],
  },
  {
    title: 'waits in the wrong order',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
errors:
  backoff: { first: 1m, longest: 1s }
`,
    problems: ['5:21: "first" of "errors.backoff": the first wait is longer than the longest.'],
  },
  {
    title: 'a partition larger than the worker',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
budget: { partition: 64MiB, total: 16MiB }
`,
    problems: ['4:22: "partition" of "budget": one partition may hold more than the total.'],
  },
  {
    title: 'a tiny budget',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
budget: { partition: 1KiB }
`,
    problems: ['4:22: "partition" of "budget": expected at least 64KiB.'],
  },
  {
    title: 'commits in every millisecond',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
commit: { every: 1ms }
`,
    problems: ['4:18: "every" of "commit": expected 10ms to 1m.'],
  },
  {
    title: 'settings that exclude each other',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: filter, from: in, field: a } }
sinks: { out: { type: console, from: one } }
`,
    problems: ['3:20: The filter "one": give either equals or in.'],
  },
  {
    title: 'a wrong value deep in a list',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: filter, from: in, field: a, in: [1, [2]] } }
sinks: { out: { type: console, from: one } }
`,
    problems: [
      '3:64: "in[1]" of the filter "one" must be a text, a number, true or false or null, not a list.',
    ],
  },
  {
    title: 'a wrong name in a mapping of names',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: branch, from: in, outputs: { A1: { field: a, equals: 1 } } } }
sinks: { out: { type: console, from: one } }
`,
    problems: ['3:57: "A1" cannot be a name here: expected a word.'],
  },
  {
    title: 'a wrong field in a mapping of names',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: branch, from: in, outputs: { a: { field: a, equal: 1 } } } }
sinks: { out: { type: console, from: one } }
`,
    problems: [
      '3:57: The branch "one" needs the field "outputs.a.equals".',
      '3:72: The branch "one" has no field "equal": did you mean "equals"?',
    ],
  },
]
