import type { Broken } from './broken.ts'

export const nodes: readonly Broken[] = [
  {
    title: 'no sources',
    text: `name: x
sinks: { out: { type: console, from: in } }
`,
    problems: ['1:1: The topology needs the field "sources" (where records come from).'],
  },
  {
    title: 'no sinks',
    text: `name: x
sources: { in: { type: topic, topic: a } }
`,
    problems: ['1:1: The topology needs the field "sinks" (where records go).'],
  },
  {
    title: 'no name',
    text: `sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
`,
    problems: [
      '1:1: The topology needs the field "name" (the name of the topology, which is its consumer group too).',
    ],
  },
  {
    title: 'empty sources',
    text: `name: x
sources: {}
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:10: "sources": name at least one source.'],
  },
  {
    title: 'sources as a list',
    text: `name: x
sources: [{ type: topic }]
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:10: "sources" must be a mapping of names to sources, not a list.'],
  },
  {
    title: 'a misspelt section',
    text: `name: x
source: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
`,
    problems: [
      '1:1: The topology needs the field "sources" (where records come from).',
      '2:1: The topology has no field "source": did you mean "sources"?',
    ],
  },
  {
    title: 'a field that no topology has',
    text: `name: x
version: 3
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
`,
    problems: [
      '2:1: The topology has no field "version": it has name, description, sources, processors, sinks, delivery, critical, errors, budget and commit.',
    ],
  },
  {
    title: 'a name with spaces',
    text: `name: my topology
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
`,
    problems: [
      '1:7: "name" of the topology: expected a name: letters, digits, ".", "-" and "_", at most 100, not "my topology".',
    ],
  },
  {
    title: 'a misspelt component',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: dedup, from: in, by: id } }
sinks: { out: { type: console, from: one } }
`,
    problems: ['3:28: The processor "one" has the unknown type "dedup": did you mean "dedupe"?'],
  },
  {
    title: 'a component like no other',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: aggregate, from: in } }
sinks: { out: { type: console, from: one } }
`,
    problems: [
      '3:28: The processor "one" has the unknown type "aggregate": there are branch, dedupe, enrich, filter and throttle.',
    ],
  },
  {
    title: 'a component of another kind',
    text: `name: x
sources: { in: { type: topic, topic: a } }
processors: { one: { type: table, from: in, table: t } }
sinks: { out: { type: console, from: one } }
`,
    problems: ['3:28: The processor "one" has the type "table", which is a sink: move it to sinks.'],
  },
  {
    title: 'no type',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { from: in } }
`,
    problems: ['3:10: The sink "out" needs a type: there are console, table and topic.'],
  },
  {
    title: 'a type that is no text',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: 7, from: in } }
`,
    problems: ['3:23: The type of the sink "out" must be a word, not the number 7.'],
  },
  {
    title: 'a type that is a property of every object',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: constructor, from: in } }
`,
    problems: [
      '3:23: The sink "out" has the unknown type "constructor": there are console, table and topic.',
    ],
  },
  {
    title: 'a node that is no mapping',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: console }
`,
    problems: ['3:15: The sink "out" must be a mapping such as { type: console, … }, not a text.'],
  },
  {
    title: 'a node with nothing in it',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks:
  out:
`,
    problems: ['4:7: The sink "out" must be a mapping such as { type: console, … }, not nothing.'],
  },
]
