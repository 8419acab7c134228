/** Resolves when `done` does, or after `limitMs`, whichever is first. */
export async function within(limitMs: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([done, late])
  clearTimeout(timer)
}
