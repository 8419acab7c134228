import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import type { KafkaAdmin } from '../../engine/kafka/admin.ts'
import type { CommandArgs } from '../command-line/command.ts'

/** What a sub-command of `topics` works with. */
export interface TopicsContext {
  readonly admin: KafkaAdmin
  readonly environment: EnvironmentConfig
  /** The project's folder. */
  readonly root: string
  readonly args: CommandArgs
}
