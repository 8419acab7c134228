import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ComponentDefinition, Registry } from '../../engine/component/define.ts'
import { packageRoot } from '../project/package-root.ts'

const sections = ['sources', 'processors', 'sinks'] as const

/**
 * What is known of a component: its page, as in docs/reference; of several with one name all of them. `components` lists
 * them. Undefined for a word that is neither.
 */
export function componentText(word: string, registry: Registry): string | undefined {
  if (word === 'components') return listText(registry)
  const pages = sections
    .filter((section) => Object.hasOwn(registry[section], word))
    .map((section) => pageOf(section, word))
  return pages.length === 0 ? undefined : pages.join('\n\n')
}

function pageOf(section: (typeof sections)[number], name: string): string {
  const text = readFileSync(join(packageRoot(), 'docs', 'reference', section, `${name}.md`), 'utf8')
  return text.replace(/^<!--.*-->\n+/, '').trimEnd()
}

function listText(registry: Registry): string {
  const summaries = (section: (typeof sections)[number]): [string, string][] =>
    Object.values<ComponentDefinition>(registry[section]).map(({ name, summary }) => [name, summary])
  const width = Math.max(...sections.flatMap(summaries).map(([name]) => name.length))
  return sections
    .map((section) =>
      [section, ...summaries(section).map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`)].join(
        '\n',
      ),
    )
    .join('\n\n')
}
