import type { TaskRef } from '../../engine/component/contracts/commit.ts'

/** Names with something in front of them: who works with it sees its own names, and the cluster others. */
export class Prefix {
  /** How often something was written under it. */
  writes = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The name in the cluster. */
  to(name: string): string {
    return this.#text + name
  }

  /** The name as it is seen. */
  from(name: string): string {
    return name.slice(this.#text.length)
  }

  place<Place extends { readonly topic: string }>(place: Place): Place {
    return { ...place, topic: this.to(place.topic) }
  }

  seen<Place extends { readonly topic: string }>(place: Place): Place {
    return { ...place, topic: this.from(place.topic) }
  }

  task<Task extends TaskRef>(task: Task): Task {
    return { ...task, group: this.to(task.group) }
  }
}
