/** What became of a text with `${…}` in it. */
export interface Substituted {
  readonly text: string
  /** True if a variable or a default stands in it. */
  readonly changed: boolean
  /** Sentences. */
  readonly problems: readonly string[]
}

export type Env = Readonly<Record<string, string | undefined>>

// `$${` comes first, so that it is never read as `$` and `${`.
const reference = /\$\$\{|\$\{([^{}]*)(\})?/g

/** Puts variables in: `${NAME}`, `${NAME:default}`. `$${` stands for a literal `${`. */
export function substitute(text: string, env: Env): Substituted {
  const problems: string[] = []
  let changed = false
  const result = text.replace(reference, (whole, inside: string | undefined, end: string | undefined) => {
    if (inside === undefined) return '${'
    changed = true
    const [, name, fallback] = /^([A-Za-z_]\w*)(?::(.*))?$/s.exec(inside) ?? []
    if (end === undefined || name === undefined) {
      problems.push(
        `"${whole}" is not a variable: write \${NAME} or \${NAME:default}, and $\${ for a literal \${.`,
      )
      return whole
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value === undefined && fallback === undefined) {
      problems.push(`The variable ${name} is not set: set it, or give a default as in \${${name}:default}.`)
    }
    return value ?? fallback ?? ''
  })
  return { text: result, changed, problems }
}

/** A plain scalar that came from a variable, read as YAML would have read it, though never as a list or mapping. */
export function plainScalar(text: string): string | number | boolean | null {
  if (/^(null|Null|NULL|~)$/.test(text)) return null
  if (/^(true|True|TRUE)$/.test(text)) return true
  if (/^(false|False|FALSE)$/.test(text)) return false
  if (/^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/.test(text)) return Number(text)
  return text
}
