/** How long something is waited for at most, and how often it is looked, milliseconds. */
export interface Patience {
  readonly withinMs: number
  readonly lookAgainMs: number
}

/**
 * Looks again and again until something is so. Gives up without an error when the time is over, also while a look is under
 * way, and where nobody can tell (`look` rejects).
 */
export async function waitUntil(
  look: () => Promise<boolean>,
  { withinMs, lookAgainMs }: Patience,
): Promise<void> {
  const deadline = performance.now() + withinMs
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs)
  })
  const looking = async (): Promise<void> => {
    while (!(await look()) && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
  }
  await Promise.race([looking().catch(() => undefined), late])
  clearTimeout(timer)
}
