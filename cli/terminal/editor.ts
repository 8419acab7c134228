import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandArgs } from '../command-line/command.ts'
import { usage } from '../command-line/flags.ts'
import type { EditedLetter } from '../letters/edit.ts'
import type { Project } from '../project/project.ts'
import { shownJson, showValue } from './stored-value.ts'

/** A letter's value, changed in the editor that `VISUAL` or `EDITOR` names; undefined if it is left as it was. */
export async function editedInEditor(
  project: Project,
  { env }: CommandArgs,
  { letter }: EditedLetter,
): Promise<Uint8Array | undefined> {
  const editor = env['VISUAL'] ?? env['EDITOR']
  if (editor === undefined || editor === '')
    throw usage('--edit editor needs VISUAL or EDITOR in the environment: set one, or give a file.')
  const { value, format } = await showValue(project, letter.record.value)
  const before = format === 'text' ? String(value) : `${shownJson(value, 2)}\n`
  const folder = mkdtempSync(join(tmpdir(), 'millrace-letter-'))
  try {
    const path = join(folder, 'value.json')
    writeFileSync(path, before, { mode: 0o600 })
    // EDITOR may have arguments of its own, as in "code --wait".
    const { status } = spawnSync(`${editor} "${path}"`, { stdio: 'inherit', shell: true })
    if (status !== 0)
      throw usage(`The editor ${editor} ended with ${status ?? 'a signal'}: nothing is written.`)
    const after = readFileSync(path)
    return after.toString('utf8') === before ? undefined : after
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
