/**
 * A password, key or token. Only `reveal` gives it away: printed, inspected or made JSON of, it is `***`, so that no log,
 * message or dump can hold it by accident.
 */
export interface Secret {
  reveal(): string
}

/** A secret whose text is at hand. */
export function secretOf(text: string): Secret {
  return new HeldSecret(text)
}

class HeldSecret implements Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***'
  }
}
