import type { Random } from './random.ts'

const given = ['Ada', 'Alan', 'Barbara', 'Claude', 'Edsger', 'Frances', 'Grace', 'John', 'Katherine', 'Leslie', 'Margaret', 'Niklaus'] // prettier-ignore
const family = ['Allen', 'Backus', 'Dijkstra', 'Hamilton', 'Hopper', 'Johnson', 'Lamport', 'Liskov', 'Lovelace', 'Shannon', 'Turing', 'Wirth'] // prettier-ignore
const streets = ['Canal', 'Church', 'Harbour', 'Mill', 'Station', 'Weir']
const towns = [
  { country: 'DE', city: 'Hamburg', postalCode: '20095', currency: 'EUR' },
  { country: 'DE', city: 'Berlin', postalCode: '10115', currency: 'EUR' },
  { country: 'FR', city: 'Lyon', postalCode: '69001', currency: 'EUR' },
  { country: 'GB', city: 'Leeds', postalCode: 'LS1 1UR', currency: 'GBP' },
  { country: 'US', city: 'Boston', postalCode: '02108', currency: 'USD' },
] as const

/** A customer of the shop. None of them exists. */
export interface Person {
  readonly id: string
  readonly givenName: string
  readonly familyName: string
  readonly email: string
  readonly street: string
  readonly town: (typeof towns)[number]
}

/** Somebody new; `number` makes the address for letters unlike all others. */
export function newPerson(random: Random, number: number): Person {
  const givenName = random.pick(given)
  const familyName = random.pick(family)
  return {
    id: random.uuid(),
    givenName,
    familyName,
    email: `${givenName}.${familyName}.${number}@customers.example`.toLowerCase(),
    street: `${random.pick(streets)} Street ${random.int(1, 120)}`,
    town: random.pick(towns),
  }
}
