/** The candidate that was most likely meant; undefined when more than a third of the letters differ. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const lower = word.toLowerCase()
  let best: string | undefined
  let least = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least) continue
    const distance = editDistance(lower, candidate.toLowerCase())
    if (distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

/** What follows a complaint about `word`: `: did you mean "x"?`, or `: there are a, b and c.`, or a full stop. */
export function suggestion(word: string, candidates: readonly string[], known = 'there are'): string {
  const found = nearest(word, candidates)
  if (found !== undefined) return `: did you mean "${found}"?`
  return candidates.length === 0 ? '.' : `: ${known} ${listed(candidates)}.`
}

/** `a, b and c`; long lists end in a number. */
export function listed(words: readonly string[], last = 'and'): string {
  if (words.length > 12) return `${words.slice(0, 11).join(', ')} and ${words.length - 11} more`
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}

/** Levenshtein's distance, with two neighbours that changed places counted once. */
function editDistance(left: string, right: string): number {
  let before: number[] = []
  let above = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1
      let least = Math.min(row[j - 1]! + 1, above[j]! + 1, above[j - 1]! + same)
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        least = Math.min(least, before[j - 2]! + 1)
      }
      row.push(least)
    }
    before = above
    above = row
  }
  return above[right.length]!
}
