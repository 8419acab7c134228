// The Confluent API of a registry, past the client that is tested.

export interface RegistryCalls {
  /** Registers a schema; answers its id. */
  register(subject: string, schema: unknown, references?: readonly object[]): Promise<number>
  /** Any call of the API; answers the JSON. Throws where the status is 400 or more. */
  call(method: string, path: string, body?: unknown): Promise<unknown>
}

/** @param url  the base of the Confluent API */
export function registryCalls(url: string): RegistryCalls {
  const call: RegistryCalls['call'] = async (method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  }
  return {
    call,
    async register(subject, schema, references = []) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`
      const answer = await call('POST', path, { schema: JSON.stringify(schema), references })
      return (answer as { id: number }).id
    },
  }
}
