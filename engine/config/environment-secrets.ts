import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { secretOf, type Secret } from '../component/contracts/secret.ts'
import type { ConfigProblem } from './problems.ts'
import type { Env } from './substitute.ts'
import type { YamlFile } from './yaml-file.ts'

const maxBytes = 1024 * 1024

type Path = readonly PropertyKey[]

/**
 * Fetches what an environment file refers to: variables and files with secrets, and certificates. What cannot be had is a
 * problem, told with the place of the reference; the value then is empty. Relative paths start from the file's folder.
 */
export class References {
  readonly problems: ConfigProblem[] = []
  readonly #yaml: YamlFile
  readonly #env: Env

  constructor(yaml: YamlFile, env: Env) {
    this.#yaml = yaml
    this.#env = env
  }

  /** A secret by its reference: `env:NAME` or `file:PATH`. */
  async secret(reference: string | undefined, path: Path): Promise<Secret | undefined> {
    if (reference === undefined) return undefined
    const text = reference.startsWith('env:')
      ? this.#variable(reference.slice('env:'.length), path)
      : // Editors and `kubectl create secret` end files with a line end that is no part of the secret.
        (await this.#file(reference, path)).replace(/\r?\n$/, '')
    return secretOf(text)
  }

  /** A private key, which must be PEM. */
  async key(reference: string | undefined, path: Path): Promise<Secret | undefined> {
    const key = await this.secret(reference, path)
    if (key !== undefined) this.#pem(key.reveal(), 'private key', path)
    return key
  }

  /** Certificates: a file, or the text itself. */
  async certificates(given: string | undefined, path: Path): Promise<string | undefined> {
    if (given === undefined) return undefined
    const text = given.includes('-----BEGIN') ? given : await this.#file(given, path)
    this.#pem(text, 'certificate', path)
    return text
  }

  /** The absolute path that a reference to a file means. */
  path(reference: string): string {
    return resolve(dirname(this.#yaml.file), reference.replace(/^file:/, ''))
  }

  /** What is there cannot be meant. */
  refuse(path: Path, message: string): void {
    this.#problem(path, message)
  }

  #variable(name: string, path: Path): string {
    const value = Object.hasOwn(this.#env, name) ? this.#env[name] : undefined
    if (value === undefined) this.#problem(path, `The variable ${name} is not set: set it before the start.`)
    if (value === '') this.#problem(path, `The variable ${name} is empty: set it before the start.`)
    return value ?? ''
  }

  async #file(reference: string, path: Path): Promise<string> {
    const given = reference.replace(/^file:/, '')
    let text = ''
    try {
      const bytes = await readFile(this.path(reference))
      if (bytes.length > maxBytes) this.#problem(path, `${given} has more than 1 MiB: it is another file.`)
      else text = bytes.toString('utf8')
    } catch (error) {
      this.#problem(path, unreadable(given, (error as NodeJS.ErrnoException).code))
      return ''
    }
    if (text.trim() === '') this.#problem(path, `${given} is empty.`)
    return text
  }

  #pem(text: string, what: string, path: Path): void {
    if (text.trim() === '' || text.includes('-----BEGIN')) return
    this.#problem(path, `What is there is no ${what} in PEM form, which begins with -----BEGIN.`)
  }

  #problem(path: Path, message: string): void {
    this.problems.push({ file: this.#yaml.file, ...this.#yaml.place(path), message })
  }
}

function unreadable(given: string, code: string | undefined): string {
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return `There is no file ${given}: a relative path starts from the folder of this file.`
  if (code === 'EISDIR') return `${given} is a folder: name a file in it.`
  if (code === 'EACCES' || code === 'EPERM') return `${given} may not be read: check its permissions.`
  return `${given} could not be read (${code ?? 'unknown error'}).`
}
