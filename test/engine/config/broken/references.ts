import type { Broken } from './broken.ts'

export const references: readonly Broken[] = [
  {
    title: 'a from that is a number',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: 3 } }
`,
    problems: ['3:38: "from" of the console sink "out" must be a text or a list, not the number 3.'],
  },
  {
    title: 'an empty list in from',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: [] } }
`,
    problems: ['3:38: "from" of the console sink "out" must not be empty.'],
  },
  {
    title: 'no from',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console } }
`,
    problems: [
      '3:10: The console sink "out" needs the field "from" (the node whose records it gets, or `node.output` for a side output, or a list of those).',
    ],
  },
  {
    title: 'a source with a from',
    text: `name: x
sources: { in: { type: topic, topic: a, from: b } }
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:41: The topic source "in" has no field "from": it has topic, schema, timestamp and type.'],
  },
  {
    title: 'a misspelt node',
    text: `name: x
sources: { events: { type: topic, topic: a } }
sinks: { out: { type: console, from: evnts } }
`,
    problems: ['3:38: The sink "out" reads "evnts", but there is no node "evnts": did you mean "events"?'],
  },
  {
    title: 'a node like no other',
    text: `name: x
sources: { events: { type: topic, topic: a } }
sinks: { out: { type: console, from: known } }
`,
    problems: ['3:38: The sink "out" reads "known", but there is no node "known": there are events.'],
  },
  {
    title: 'a misspelt side output',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: dedupe, from: in, by: id } }
sinks: { out: { type: console, from: one }, odd: { type: console, from: one.conflict } }
`,
    problems: [
      '4:73: The sink "odd" reads "one.conflict", but "one" has no output "conflict": did you mean "one.conflicts"?',
    ],
  },
  {
    title: 'a side output of a node without any',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in.late } }
`,
    problems: ['3:38: The sink "out" reads "in.late", but the source "in" has no side outputs.'],
  },
  {
    title: 'a sink that is read',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in }, more: { type: console, from: out } }
`,
    problems: ['3:73: The sink "more" reads "out", but "out" is a sink: nothing comes out of it.'],
  },
  {
    title: 'the same node twice',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: [in, in] } }
`,
    problems: ['3:43: The sink "out" reads "in" twice.'],
  },
  {
    title: 'a name of two kinds',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { out: { type: throttle, from: in, rate: 1 } }
sinks: { out: { type: console, from: in } }
`,
    problems: ['4:10: "out" is the name of a processor and of a sink: names are unique in a topology.'],
  },
  {
    title: 'a processor with the name of the source that it reads, which is no cycle',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { in: { type: throttle, from: in, rate: 1 } }
sinks: { out: { type: console, from: in } }
`,
    problems: ['3:15: "in" is the name of a source and of a processor: names are unique in a topology.'],
  },
  {
    title: 'a name twice in one section',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks:
  out: { type: console, from: in }
  out: { type: console, from: in }
`,
    problems: ['5:3: "out" is here twice: it already stands in line 4.'],
  },
  {
    title: 'a node name with a dot',
    text: `name: x
sources: { a.b: { type: topic, topic: a } }
sinks: { out: { type: console, from: a.b } }
`,
    problems: [
      '2:12: "a.b" cannot be a name here: expected a name: a letter, then letters, digits, "-" and "_", at most 64.',
    ],
  },
  {
    title: 'a node that reads itself',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: throttle, from: [in, one], rate: 1 } }
sinks: { out: { type: console, from: one } }
`,
    problems: ['3:15: The node "one" reads itself: break the cycle.'],
  },
  {
    title: 'a cycle',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors:
  a: { type: throttle, from: [in, c], rate: 1 }
  b: { type: throttle, from: a, rate: 1 }
  c: { type: throttle, from: b, rate: 1 }
sinks: { out: { type: console, from: c } }
`,
    problems: [
      '4:3: The nodes form a cycle: a → b → c → a. Records would go round for ever: break one "from" of it.',
    ],
  },
  {
    title: 'a processor that nobody reads',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { lost: { type: throttle, from: in, rate: 1 } }
sinks: { out: { type: console, from: in } }
`,
    problems: ['3:15: Nothing reads the processor "lost": let a node read it ("from: lost"), or remove it.'],
  },
  {
    title: 'a branch that nobody reads',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { split: { type: branch, from: in, outputs: {} } }
sinks: { out: { type: console, from: in } }
`,
    problems: [
      '3:15: Nothing reads the processor "split": let a node read one of its outputs, or remove it.',
    ],
  },
  {
    title: 'a source that nobody reads',
    text: `name: x
sources: { in: { type: topic, topic: a }, idle: { type: topic, topic: b } }
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:43: Nothing reads the source "idle": let a node read it ("from: idle"), or remove it.'],
  },
  {
    title: 'everything at once, in the order of the file',
    text: `name: x y
sources: { in: { type: topic, topic: a } }
processors:
  one: { type: dedup, from: in, by: id }
  two: { type: dedupe, from: three, bye: id, window: soon }
  three: { type: throttle, from: two, rate: 0 }
sinks:
  out: { type: console, from: [one, two.conflict] }
errors: { then: stop }
`,
    problems: [
      '1:7: "name" of the topology: expected a name: letters, digits, ".", "-" and "_", at most 100, not "x y".',
      '4:16: The processor "one" has the unknown type "dedup": did you mean "dedupe"?',
      '5:3: The dedupe "two" needs the field "by" (the field that holds the id).',
      '5:3: The nodes form a cycle: two → three → two. Records would go round for ever: break one "from" of it.',
      '5:37: The dedupe "two" has no field "bye": did you mean "by"?',
      '5:54: "window" of the dedupe "two": expected a duration such as 200ms, 30s, 5m, 12h or 7d, not "soon".',
      '6:45: "rate" of the throttle "three" must be at least 1, not 0.',
      '9:17: "then" of "errors" must be "park", "skip" or "halt", not "stop": did you mean "skip"?',
    ],
  },
]
