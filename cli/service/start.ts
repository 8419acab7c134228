import type { HttpSettings } from '../../engine/config/access-config.ts'
import { serve, type Service, type ServiceOptions } from '../../engine/http/service.ts'
import { createLogger } from '../../engine/observe/log.ts'
import type { ActFacts } from '../letters/audit.ts'
import type { Project } from '../project/contract.ts'
import { Desk } from './desk.ts'
import type { Door } from './door.ts'
import { serviceRoutes } from './own-routes.ts'
import { nameOf, ServiceLog } from './service-log.ts'

/** Serves a project; its log goes to `write`, line by line. */
export async function startService(
  project: Project,
  settings: HttpSettings,
  door: Door,
  write: (line: string) => void,
): Promise<Service> {
  const log = new ServiceLog(write)
  const logger = createLogger({ format: 'json', write })
  const desk = new Desk(project, log)
  const ready = async (): Promise<void> => void (await project.log.topicNames())
  const service = await serve({
    ...{ settings, door: door.authenticator, localNamesOnly: door.open },
    routes: serviceRoutes(() => desk, ready),
    answered: (line) => log.request(line),
    turnedAway: turnedAway(desk),
    defect: (error, requestId) => logger.error('A request ended in a defect', { error, requestId }),
  })
  return {
    ...service,
    async close(patienceMs) {
      // Acts stop between two appends, and say how far they came; requests that wait for them are answered so.
      await Promise.all([service.close(patienceMs), desk.close()])
      logger.flush()
    },
  }
}

/** Who is not let in to an act is written down, as far as can be said who it is. */
function turnedAway(desk: Desk): ServiceOptions['turnedAway'] {
  return async ({ sentence, who }, { act }, from, requestId) => {
    if (act === undefined) return
    const facts: ActFacts = { act: act as ActFacts['act'], topology: null, topic: null, selection: {} }
    const by = who === undefined ? 'unknown' : nameOf(who)
    await desk.refused({ by, via: 'http', from }, facts, sentence, requestId)
  }
}
