import { openProject, type Project } from '../../cli/project/project.ts'
import { Folder } from './full-command-line.ts'
import { laid, reconcileCases, type ReconcilePlace } from './reconcile-cases.ts'

const topic = 'events'

async function embeddedPlace(): Promise<ReconcilePlace> {
  const folder = new Folder()
  laid(folder, topic)
  async function inProject<T>(work: (project: Project) => Promise<T>): Promise<T> {
    const project = await openProject({ cwd: folder.path })
    try {
      return await work(project)
    } finally {
      await project.close()
    }
  }
  return {
    ...{ folder, flags: '', inProject },
    put: (row) =>
      inProject(async ({ storedTables }) => {
        const [outcome] = storedTables.writeRows([
          { ...row, mode: 'insert', ttlSeconds: row.ttlSeconds ?? 0 },
        ])
        if (outcome?.stored !== true) throw new Error('The row was refused.')
      }),
    remove: (table, key, timestamp) =>
      inProject(async ({ storedTables }) => storedTables.deleteRow(table, key, timestamp)),
    close: async () => folder.remove(),
  }
}

reconcileCases(topic, embeddedPlace)
