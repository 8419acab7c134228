import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { readTopologyText } from '../../engine/config/load.ts'
import { errorCodes } from '../../engine/errors.ts'
import { mostPieces } from '../../engine/component/operators/made-values.ts'
import { nodeMetrics } from '../../engine/observe/node-metrics.ts'
import { metricCatalogue } from '../../engine/observe/metric-catalogue.ts'
import { thrownRules } from '../../engine/component/thrown-errors.ts'
import { planReading } from '../../engine/topology/plan.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import { blocksOf } from '../docs/blocks.ts'

const page = readFileSync(`${import.meta.dirname}/../../docs/guide/errors.md`, 'utf8')
const yaml = blocksOf('docs/guide/errors.md')[0]!.text
const planOf = (text: string) =>
  planReading(readTopologyText('audit.yaml', text, { sources, processors, sinks }, {}))

test('what the guide says that holds by itself is what holds without it', () => {
  const { within, nodes, ...said } = planOf(yaml).errors
  const { within: none, nodes: noNodes, ...usual } = planOf(yaml.slice(0, yaml.indexOf('errors:'))).errors
  expect(said).toEqual(usual)
  expect([within, none, nodes, noNodes]).toEqual([
    120_000,
    undefined,
    { known: { attempts: 2, answerWithin: 10_000 } },
    {},
  ])
})

test('the codes and metrics that the guide names are there', () => {
  const codes = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code]) => code!)
  const foreign = new Set(['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT'])
  const known = new Set([...Object.keys(errorCodes), ...foreign])
  expect(codes.filter((code) => !known.has(code))).toEqual([])
  const metrics = [...page.matchAll(/`(millrace_\w+)`/g)].map(([, name]) => name!)
  expect(metrics.filter((name) => !(name in metricCatalogue) && !(name in nodeMetrics))).toEqual([])
  expect(page).toContain(mostPieces.toLocaleString('en'))
})

test('the table of what code throws is the one that is used', () => {
  const rows = page
    .slice(page.indexOf('| thrown'))
    .split('\n')
    .slice(2, 2 + thrownRules.length)
  const said = rows.map((row) => [...row.matchAll(/`(record|downstream)`/g)].map(([, kind]) => kind))
  expect(said).toEqual(thrownRules.map(({ processor, sink }) => [processor, sink]))
})
