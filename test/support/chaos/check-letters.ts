import type { GroupHistory, ParkedLetter } from './history.ts'
import { placeOf, type Anomaly, type Truth } from './truth.ts'

/**
 * Letters against the topic: one for a record, in the order of their keys; for what fails by itself and what waits behind it,
 * and for nothing else: a server that is away makes no letter. The first of each kind is in the dead-letter topic, once.
 */
export function checkLetters({ parked = [], dead = [] }: GroupHistory, truth: Truth): Anomaly[] {
  const letters = parked.filter((one): one is ParkedLetter => one.type === 'letter')
  return [...checkEach(letters, truth), ...checkMissing(letters, truth), ...checkDead(letters, dead)]
}

function checkEach(letters: readonly ParkedLetter[], truth: Truth): Anomaly[] {
  const wrong: Anomaly[] = []
  const seen = new Set<string>()
  const last = new Map<string, number>()
  const add = (kind: Anomaly['kind'], what: string): number => wrong.push({ kind, what })
  for (const letter of letters) {
    const place = placeOf(letter)
    const entry = truth.byPlace.get(place)
    if (seen.has(place)) add('letter', `the letter of ${place} is there twice`)
    seen.add(place)
    if (entry?.key !== letter.key) add('letter', `${place} has a letter under the key ${letter.key}`)
    const fails = entry?.action === 'bad' || entry?.action === 'garbage'
    if (!letter.follower && !fails) add('letter', `${place} has a letter, and nothing was wrong with it`)
    const before = last.get(letter.key)
    if (letter.follower && before === undefined)
      add('letter', `${place} waits as a letter, and none of its key was before it`)
    if (before !== undefined && letter.offset < before)
      add('parked out of order', `${letter.key}: the letter of ${place} is behind that of ${before}`)
    last.set(letter.key, Math.max(before ?? -1, letter.offset))
  }
  return wrong
}

/** What never decodes can only be a letter. */
function checkMissing(letters: readonly ParkedLetter[], { byPlace }: Truth): Anomaly[] {
  const seen = new Set(letters.map(placeOf))
  return [...byPlace.values()]
    .filter((entry) => entry.action === 'garbage' && !seen.has(placeOf(entry)))
    .map((entry) => ({ kind: 'letter', what: `${placeOf(entry)} does not decode, and has no letter` }))
}

function checkDead(letters: readonly ParkedLetter[], dead: readonly string[]): Anomaly[] {
  const expected = letters.filter(({ follower }) => !follower).map(placeOf)
  const count = new Map<string, number>()
  for (const place of dead) count.set(place, (count.get(place) ?? 0) + 1)
  const wrong: Anomaly[] = []
  for (const place of expected) {
    const found = count.get(place) ?? 0
    if (found !== 1)
      wrong.push({ kind: 'letter', what: `${place} is ${found} times in the dead-letter topic` })
    count.delete(place)
  }
  for (const place of count.keys())
    wrong.push({ kind: 'letter', what: `${place} is in the dead-letter topic, and not parked` })
  return wrong
}
