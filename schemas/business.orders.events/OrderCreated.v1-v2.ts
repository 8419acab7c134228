// MAJOR 1 has no currency: its amounts are in the shop's own. MAJOR 2 says it, and where the order is sent to.

const ownCurrency = 'EUR'

interface OrderCreated {
  readonly data: Readonly<Record<string, unknown>>
  readonly metadata: Readonly<Record<string, unknown>>
}

/** An event of MAJOR 1 as one of MAJOR 2. `eventVersion` goes on saying what it was written as. */
export function up({ data, metadata, ...event }: OrderCreated): OrderCreated {
  return {
    ...event,
    data: { ...data, currency: ownCurrency, shippingAddress: null },
    metadata: { ...metadata, schemaVersion: '2.1.0' },
  }
}

/**
 * An event of MAJOR 2 as one of MAJOR 1: the address is left out. Throws for another currency, which MAJOR 1 would take for
 * the shop's own.
 */
export function down({ data, metadata, ...event }: OrderCreated): OrderCreated {
  const { currency, shippingAddress: _address, ...rest } = data
  if (currency !== ownCurrency)
    throw new Error(`data.currency is ${String(currency)}: MAJOR 1 has amounts in ${ownCurrency} alone.`)
  return { ...event, data: rest, metadata: { ...metadata, schemaVersion: '1.1.0' } }
}
