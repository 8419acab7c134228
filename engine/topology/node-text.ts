import { durationText } from './lint-rule.ts'
import { recordSetting, tablesOf, textSetting, textsSetting, topicsOf } from './plan-graph.ts'
import type { PlanNode, SinkNode, TopologyPlan } from './plan-types.ts'

type Describe = (config: Readonly<Record<string, unknown>>, node: PlanNode) => readonly (string | undefined)[]

/** The one or two settings that say most about a node, each as a short text. */
export function keySettings(plan: TopologyPlan, node: PlanNode): string[] {
  return settingsOf(plan, node).filter((text) => text !== undefined && text !== '') as string[]
}

function settingsOf(plan: TopologyPlan, node: PlanNode): readonly (string | undefined)[] {
  if (node.kind === 'source')
    return [topicsOf(plan, node).join(', '), shortList(textsSetting(node, 'schema'))]
  if (node.kind === 'sink') {
    const target = node.definition.topic?.(node.config)
    return [tablesOf(node)[0] ?? target ?? textSetting(node, 'file'), sinkDetail(node)]
  }
  const describe = Object.hasOwn(processors, node.type) ? processors[node.type]! : plainSettings
  return describe(node.config, node)
}

function sinkDetail(node: SinkNode): string | undefined {
  const { retention } = node.config
  const variants = tablesOf(node).length - 1
  if (variants > 0) return `or ${variants} others by ${String(recordSetting(node, 'variants').by)}`
  if (typeof retention === 'number') return `kept ${durationText(retention)}`
  return textSetting(node, 'mode') === 'latest' ? `latest by ${textSetting(node, 'sequence')}` : undefined
}

const processors: Readonly<Record<string, Describe>> = {
  aggregate: ({ window, fields, emit }) => [
    windowText(window as Readonly<Record<string, unknown>> | undefined),
    Object.keys(fields ?? {}).join(', '),
    emit === 'close' ? 'sent when closed' : undefined,
  ],
  branch: (config) => [
    `by ${config.schemas === undefined ? (calledIn(config) ?? String(config.field)) : 'record type'}`,
  ],
  dedupe: ({ by, window }) => [
    `by ${String(by)}`,
    typeof window === 'number' ? `window ${durationText(window)}` : '',
  ],
  enrich: ({ table, key, as }) => [`${String(table)} by ${keyText(key)}`, `as ${String(as)}`],
  filter: (config, node) => {
    const called = calledIn(config)
    if (called !== undefined) return [called]
    const types = shortList(textsSetting(node, 'schema'))
    if (typeof config.field !== 'string') return [types]
    const [test, value] =
      Object.entries(config).find(
        ([name, given]) => name !== 'field' && name !== 'schema' && given !== undefined,
      ) ?? []
    const { field } = config
    return [types, test === undefined ? field : `${field} ${test} ${valueText(value)}`]
  },
  'flat-map': (config) => [calledIn(config) ?? String(config.each), asText(config.as)],
  map: (config) => {
    const steps = ['copy', 'rename', 'set', 'default', 'json', 'keep', 'drop']
    return [calledIn(config) ?? steps.filter((step) => config[step] !== undefined).join(', ')]
  },
  redact: (config) =>
    ['mask', 'remove', 'hash', 'last'].map((treatment) => {
      const given = config[treatment]
      if (given === undefined) return undefined
      const paths = Array.isArray(given) ? given.map(String) : Object.keys(given as object)
      return `${treatment} ${shortList(paths)}`
    }),
  resequence: ({ by, within }) => [
    `by ${String(by)}`,
    typeof within === 'number' ? `within ${durationText(within)}` : '',
  ],
  schedule: ({ after, at, every, most, clock }) => [
    typeof after === 'number' ? `after ${durationText(after)}` : `at ${String(at)}`,
    typeof every === 'number'
      ? `again every ${durationText(every)}, ${Number(most)} times in all`
      : undefined,
    clock === 'wall' ? 'by the clock' : undefined,
  ],
  throttle: ({ rate }) => [`${String(rate)} a second`],
  validate: (_, node) => {
    return [shortList(Object.keys(recordSetting(node, 'fields')))]
  },
}

function windowText(window: Readonly<Record<string, unknown>> | undefined): string | undefined {
  if (window === undefined) return undefined
  const kind = ['tumbling', 'hopping', 'sliding', 'session'].find((name) => window[name] !== undefined)
  if (kind === undefined) return undefined
  const every = typeof window.every === 'number' ? ` every ${durationText(window.every)}` : ''
  return `${kind} ${durationText(window[kind] as number)}${every}`
}

/** The file that a node's function is in, and the function's name in it. */
function calledIn({ function: file }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof file === 'string' ? file.replace(/^.*\//, '') : undefined
}

function asText(field: unknown): string | undefined {
  return typeof field === 'string' ? `as ${field}` : undefined
}

function shortList(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 2).join(', ')} and ${names.length - 2} more` : names.join(', ')
}

/** For components that nobody knows here: what is plain. */
function plainSettings(config: Readonly<Record<string, unknown>>): string[] {
  const plain = Object.entries(config).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  )
  return plain.slice(0, 2).map(([name, value]) => `${name} ${String(value)}`)
}

function keyText(key: unknown): string {
  return typeof key === 'object' && key !== null ? Object.values(key).join(', ') : String(key)
}

function valueText(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(' | ') : String(value)
}
