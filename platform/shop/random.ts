/** Numbers that look random, the same for the same seed on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to 1, exclusive (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number, both ends inclusive. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!
  }

  /** A wait with this mean, as between things that happen independently of each other. Whole milliseconds. */
  wait(mean: number): number {
    return Math.round(-Math.log(1 - this.next()) * mean)
  }

  /** A UUID of version 4. */
  uuid(): string {
    const word = (): number => Math.floor(this.next() * 4_294_967_296)
    const hex = [word(), word(), word(), word()].map((part) => part.toString(16).padStart(8, '0')).join('')
    const variant = ((parseInt(hex[16]!, 16) & 3) | 8).toString(16)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
  }
}

/**
 * Ranks from 0 to `count` − 1, of which rank r comes up in proportion to 1 / (r + 1)^exponent, as with products that are
 * sold and customers who buy (Zipf's law).
 */
export class Zipf {
  readonly #sums: number[] = []

  constructor(count: number, exponent = 1) {
    let sum = 0
    for (let rank = 1; rank <= count; rank++) this.#sums.push((sum += rank ** -exponent))
  }

  rank(random: Random): number {
    const wanted = random.next() * this.#sums.at(-1)!
    let low = 0
    let high = this.#sums.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#sums[middle]! > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}
