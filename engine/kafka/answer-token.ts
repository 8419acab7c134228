import type { OAuthToken } from '../../native/oauth.ts'
import { sentenceOf } from '../errors.ts'
import { isOver } from './client-errors.ts'
import type { TokenSource } from './oauth.ts'

/** A reader or a writer that asks for tokens. */
interface TokenTaker {
  setToken(token: OAuthToken): Promise<void>
  setTokenFailure(reason: string): Promise<void>
}

/**
 * Answers a client's event `token`, in the background: the client goes on meanwhile. Where there is no token, it asks again
 * in ten seconds.
 */
export function answerToken(
  client: TokenTaker,
  tokens: TokenSource | undefined,
  onTrouble: (sentence: string) => void,
): void {
  const answer = async (): Promise<void> => {
    try {
      if (tokens === undefined) throw new Error('the environment has no token endpoint (kafka.sasl).')
      await client.setToken(await tokens.token())
    } catch (error) {
      if (isOver(error)) return
      onTrouble(`Kafka wants a token, and there is none: ${sentenceOf(error)}`)
      await client.setTokenFailure(sentenceOf(error))
    }
  }
  answer().catch(() => undefined)
}
