/** A topology that is wrong, and every line that says so, after `t.yaml:`. */
export interface Broken {
  readonly title: string
  readonly text: string
  readonly problems: readonly string[]
}
