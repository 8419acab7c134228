import type { Broken } from './broken.ts'

export const files: readonly Broken[] = [
  {
    title: 'empty file',
    text: ``,
    problems: ['1:1: The file is empty: a topology needs a name, sources and sinks.'],
  },
  {
    title: 'only comments',
    text: `# nothing here
`,
    problems: ['1:1: The file is empty: a topology needs a name, sources and sinks.'],
  },
  {
    title: 'a list',
    text: `- name: x
`,
    problems: [
      '1:1: This is not a topology: a mapping with name, sources and sinks is expected, not a list.',
    ],
  },
  {
    title: 'a text',
    text: `just words
`,
    problems: [
      '1:1: This is not a topology: a mapping with name, sources and sinks is expected, not a text.',
    ],
  },
  {
    title: 'a number',
    text: `42
`,
    problems: [
      '1:1: This is not a topology: a mapping with name, sources and sinks is expected, not the number 42.',
    ],
  },
  {
    title: 'broken syntax',
    text: `name: x
sources: { in: { type: topic
sinks: { out: { type: console, from: in } }
`,
    problems: [
      '3:1: This is not YAML: Flow map in block collection must be sufficiently indented and end with a }.',
    ],
  },
  {
    title: 'tabs',
    text: `name: x
sources:
	in: { type: topic, topic: a }
`,
    problems: ['3:1: YAML is indented with spaces, not with tabs.'],
  },
  {
    title: 'two documents',
    text: `name: x
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
---
name: y
`,
    problems: ['4:1: The file holds several YAML documents: one topology is one file.'],
  },
  {
    title: 'a variable without quotes in a flow mapping',
    text: `name: x
sources: { in: { type: topic, topic: \${TOPIC} } }
sinks: { out: { type: console, from: in } }`,
    problems: [`2:39: This is not YAML: inside { } and [ ], a variable needs quotes, as in '\${NAME}'.`],
  },
  {
    title: 'a variable that is not set',
    text: `name: x
sources: { in: { type: topic, topic: '\${NOT_SET}' } }
sinks: { out: { type: console, from: in } }`,
    problems: ['2:38: The variable NOT_SET is not set: set it, or give a default as in ${NOT_SET:default}.'],
  },
  {
    title: 'a variable that is none',
    text: `name: x
sources:
  in: { type: topic, topic: "\${TO PIC}" }
sinks: { out: { type: console, from: in } }`,
    problems: [
      '3:29: "${TO PIC}" is not a variable: write ${NAME} or ${NAME:default}, and $${ for a literal ${.',
    ],
  },
  {
    title: 'a variable without end',
    text: `name: x
sources:
  in: { type: topic, topic: "\${TOPIC" }
sinks: { out: { type: console, from: in } }`,
    problems: [
      '3:29: "${TOPIC" is not a variable: write ${NAME} or ${NAME:default}, and $${ for a literal ${.',
    ],
  },
  {
    title: 'a variable in a key',
    text: `name: x
sources:
  "\${TOPIC}": { type: topic, topic: a }
sinks: { out: { type: console, from: in } }`,
    problems: ['3:3: Variables stand in values only, not in keys.'],
  },
  {
    title: 'what a variable holds is not shown',
    text: `name: x
sources: { in: { type: topic, topic: '\${SECRET}' } }
sinks: { out: { type: console, from: in } }`,
    problems: [
      '2:38: "topic" of the topic source "in": expected a topic name: letters, digits, ".", "_" and "-", at most 249 of them, not what its variable holds.',
    ],
  },
  {
    title: 'an alias without anchor',
    text: `name: x
sources: { in: *topic }
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:16: There is no anchor &topic before this alias.'],
  },
  {
    title: 'an alias of itself',
    text: `name: x
sources: &all { in: *all }
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:21: The alias *all stands within its own anchor.'],
  },
  {
    title: 'a merge key',
    text: `name: x
sources: { in: { <<: { type: topic }, topic: a } }
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:18: Merge keys (<<) are not read: write the fields out.'],
  },
  {
    title: 'a tag',
    text: `name: x
sources: { in: { type: topic, topic: !secret a } }
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:46: The tag !secret has no meaning in a topology.'],
  },
  {
    title: 'a key that is a list',
    text: `name: x
? [a, b]
: 1
sources: { in: { type: topic, topic: a } }
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:3: A key must be a plain word.'],
  },
  {
    title: 'the prototype as a name',
    text: `name: x
sources: { in: { type: topic, topic: a }, __proto__: { type: topic, topic: b } }
sinks: { out: { type: console, from: in } }
`,
    problems: ['2:43: "__proto__" cannot be a name.'],
  },
]
