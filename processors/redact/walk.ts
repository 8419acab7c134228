import type { Cover } from './cover.ts'

type Fields = Record<string, unknown>
export type Treatment = Cover | 'remove'

/** How far a path has come: the names that are still to be met, one after the other. */
interface Step {
  /** undefined = the path ends here. */
  readonly name: string | undefined
  readonly next: Step | undefined
  readonly treatment: Treatment
}

/**
 * Treats what the paths lead to, in a copy; a value that no path leads into stays as it is. Where several paths lead to
 * one value, `remove` goes before the others, then the path that ends nearest to it, then the first of the list. So
 * each value is treated once.
 */
export function redactor(paths: readonly (readonly [string, Treatment])[]): (value: unknown) => unknown {
  const steps = paths.map(([path, treatment]) => stepsOf(path.split('.'), treatment))
  return (value) => walk(value, steps, undefined)
}

function stepsOf([name, ...rest]: readonly string[], treatment: Treatment): Step {
  return { name, next: name === undefined ? undefined : stepsOf(rest, treatment), treatment }
}

/** `cover` is what a path that ended further up has for everything in here. */
function walk(value: unknown, steps: readonly Step[], cover: Cover | undefined): unknown {
  if (value === null || value === undefined) return value
  const ended = steps.find(({ name }) => name === undefined)?.treatment
  const inner = ended === undefined || ended === 'remove' ? cover : ended
  const leading = steps.filter(({ name }) => name !== undefined)
  if (leading.length === 0 && inner === undefined) return value
  if (Array.isArray(value)) return walkList(value, leading, inner)
  if (isFields(value)) return walkFields(value, leading, inner)
  return inner === undefined ? value : inner(value)
}

/** A path leads through a list to each of its entries; a `*` may also stand for the entry. */
function walkList(list: readonly unknown[], steps: readonly Step[], cover: Cover | undefined): unknown[] {
  const into = steps.flatMap((step) => {
    const here = step.name === '**' ? step.next! : step
    return here.name === '*' ? [step, here.next!] : [step]
  })
  return isRemoved(into) ? [] : list.map((one) => walk(one, into, cover))
}

function walkFields(value: Fields, steps: readonly Step[], cover: Cover | undefined): Fields {
  const copy: Fields = { ...value }
  const names = Object.keys(copy)
  const wrapped = names.length === 1 && names[0]!.includes('.')
  for (const name of names) {
    const into = steps.flatMap((step) => past(step, name))
    // A union of records is wrapped in the full name of its branch, which no path names.
    if (wrapped) into.push(...steps.filter((step) => !into.includes(step)))
    if (isRemoved(into)) delete copy[name]
    else copy[name] = walk(copy[name], into, cover)
  }
  return copy
}

/** What is left of a path beyond a field of that name; `**` may stay, or end before it. */
function past(step: Step, name: string): Step[] {
  if (step.name === '**') return [step, ...past(step.next!, name)]
  return step.name === '*' || step.name === name ? [step.next!] : []
}

function isRemoved(steps: readonly Step[]): boolean {
  return steps.some(({ name, treatment }) => name === undefined && treatment === 'remove')
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof Date)
}
