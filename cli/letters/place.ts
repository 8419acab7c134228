import { LetterRefusal } from './refusal.ts'

/** Where a letter is in its parked topic. */
export interface LetterPlace {
  readonly partition: number
  readonly offset: number
}

/** A letter's place: `PARTITION@OFFSET`. Throws a {@link LetterRefusal} for anything else. */
export function placeOf(text: string): LetterPlace {
  const match = /^(\d{1,9})@(\d{1,15})$/.exec(text)
  if (match === null)
    throw new LetterRefusal('invalid', `"${text}" is no place of a letter, PARTITION@OFFSET`)
  return { partition: Number(match[1]), offset: Number(match[2]) }
}

/** A letter's place as people write it. */
export function placeText({ partition, offset }: LetterPlace): string {
  return `${partition}@${offset}`
}
