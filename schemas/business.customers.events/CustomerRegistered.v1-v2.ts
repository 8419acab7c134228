// MAJOR 1 has the whole name in one field, MAJOR 2 has it in two.

interface CustomerRegistered {
  readonly data: Readonly<Record<string, unknown>>
  readonly metadata: Readonly<Record<string, unknown>>
}

/**
 * An event of MAJOR 1 as one of MAJOR 2. The last word of the name is taken for the family name: often true, and nobody can
 * know. Nobody was asked about letters, so that there are none.
 */
export function up({ data, metadata, ...event }: CustomerRegistered): CustomerRegistered {
  const { name, ...rest } = data
  const words = String(name).trim().split(/\s+/)
  const familyName = words.length > 1 ? words.pop()! : ''
  return {
    ...event,
    data: { ...rest, givenName: words.join(' '), familyName, newsletter: false },
    metadata: { ...metadata, schemaVersion: '2.1.0' },
  }
}

/** An event of MAJOR 2 as one of MAJOR 1. Whether there may be letters is left out. */
export function down({ data, metadata, ...event }: CustomerRegistered): CustomerRegistered {
  const { givenName, familyName, newsletter: _newsletter, ...rest } = data
  return {
    ...event,
    data: { ...rest, name: `${String(givenName)} ${String(familyName)}`.trim() },
    metadata: { ...metadata, schemaVersion: '1.1.0' },
  }
}
