/** About how many bytes of memory a plain value takes in V8. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value !== 'object' || value === null) return 8
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + sizeOf(one), 16)
  return Object.values(value).reduce<number>((sum, one) => sum + 8 + sizeOf(one), 32)
}
