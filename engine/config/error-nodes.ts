import { valueAtPath } from './issue-text.ts'
import type { ConfigProblem } from './problems.ts'
import { suggestion } from './suggest.ts'
import type { YamlFile } from './yaml-file.ts'

/** What is wrong with the names in `errors.nodes`: each is a processor or a sink of the file. */
export function errorNodeProblems(
  yaml: YamlFile,
  nodes: readonly { readonly section: string; readonly name: string }[],
): ConfigProblem[] {
  const path = ['errors', 'nodes']
  const said = valueAtPath(yaml.value, path)
  if (typeof said !== 'object' || said === null) return []
  const able = nodes.filter(({ section }) => section !== 'sources').map(({ name }) => name)
  return Object.keys(said)
    .filter((name) => !able.includes(name))
    .map((name) => ({
      file: yaml.file,
      ...yaml.keyPlace([...path, name]),
      message: `errors.nodes names "${name}", and no processor or sink has that name${suggestion(name, able)}`,
    }))
}
