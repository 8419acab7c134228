// What the build says and decides, without a compiler: the machine is an empty PATH, or a compiler that only takes notes.
import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { buildAddons } from '../../native/build-addon.ts'
import { BuildFailure, findRdkafka, nativeFolder, readStamp } from '../../native/build-layout.ts'
import { rebuildEnvironment } from '../../native/build-librdkafka.ts'
import { machine, nodeHeaders, requireTools, type Probe } from '../../native/build-tools.ts'

const exec = promisify(execFile)
const sources = join(import.meta.dirname, '..', '..', 'native')
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-build-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function put(path: string, text: string): Promise<string> {
  const full = join(folder, path)
  await mkdir(dirname(full), { recursive: true })
  await writeFile(full, text)
  return full
}

/** A folder with the headers of some Node, as far as anybody looks. */
async function headersOf(version: string): Promise<string> {
  const [major, minor, patch] = version.split('.')
  const text = `#define NODE_MAJOR_VERSION ${major}\n#define NODE_MINOR_VERSION ${minor}\n#define NODE_PATCH_VERSION ${patch}\n`
  await put(`node-${version}/include/node/node_version.h`, text)
  return join(folder, `node-${version}`)
}

function probe(commands: readonly string[], headers: readonly string[] = []): Probe {
  return { command: (name) => commands.includes(name), header: (path) => headers.includes(path) }
}

describe('what is missing', () => {
  test('is named at once, with the packages of three systems', () => {
    expect(() => requireTools(probe([]), true)).toThrow(
      "The Kafka client cannot be built, because npm, python3, make, a C++ compiler and OpenSSL's headers are missing " +
        '(Debian: apt install npm python3 make g++ libssl-dev; Fedora: dnf install npm python3 make gcc-c++ openssl-devel; ' +
        'macOS: brew install node && xcode-select --install && brew install openssl@3); only the cluster mode needs it.',
    )
  })

  test.each([
    [['npm', 'make', 'g++'], ['openssl/ssl.h'], 'because python3 is missing (Debian: apt install python3;'],
    [
      ['npm', 'python3', 'make', 'clang++'],
      [],
      "because OpenSSL's headers are missing (Debian: apt install libssl-dev;",
    ],
    [
      ['npm', 'python3', 'g++'],
      [],
      "because make and OpenSSL's headers are missing (Debian: apt install make libssl-dev;",
    ],
  ])('with %j and %j: %s', (commands, headers, sentence) => {
    expect(() => requireTools(probe(commands, headers), true)).toThrow(sentence)
  })

  test('nothing, and nothing is said', () => {
    expect(() =>
      requireTools(probe(['npm', 'python3', 'make', 'c++'], ['openssl/ssl.h']), true),
    ).not.toThrow()
  })

  test('of what the addon alone needs, only a compiler', () => {
    expect(() => requireTools(probe(['g++']), false)).not.toThrow()
    expect(() => requireTools(probe(['make']), false)).toThrow('because a C++ compiler is missing')
  })

  test('on a machine with an empty PATH', () => {
    expect(() => requireTools(machine({ PATH: folder }), true)).toThrow(
      "npm, python3, make, a C++ compiler and OpenSSL's headers are missing",
    )
  })
})

describe('node native/build.ts', () => {
  const run = (env: NodeJS.ProcessEnv) => exec(process.execPath, [join(folder, 'native/build.ts')], { env })

  beforeEach(async () => {
    for (const name of await readdir(sources))
      if (/^build.*\.ts$/.test(name)) await cp(join(sources, name), join(folder, 'native', name))
    await put('native/src/addon.cc', '')
    await put('package.json', '{ "type": "module" }')
  })

  test('says in one sentence what is missing, and exits with 1', async () => {
    await put('node_modules/node-rdkafka/package.json', '{ "version": "v3.6.1", "librdkafka": "2.12.0" }')
    const nodedir = await headersOf(process.versions.node)
    await expect(run({ PATH: folder, npm_config_nodedir: nodedir })).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^The Kafka client .* because npm, python3, make, a C\+\+ compiler and OpenSSL's headers are missing .*\n$/,
      ),
    })
  })

  test('says that node-rdkafka is not installed', async () => {
    await expect(run({ PATH: folder })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^node-rdkafka, .* is not installed: run npm install --include=optional; .*\n$/,
      ),
    })
  })
})

describe('the headers of Node', () => {
  test('are those of npm_config_nodedir, when they are of this Node', async () => {
    const right = await headersOf(process.versions.node)
    expect(nodeHeaders({ npm_config_nodedir: right })).toBe(right)
  })

  test('are never those of another Node', async () => {
    const wrong = await headersOf('20.1.2')
    const outcome = () => {
      try {
        return nodeHeaders({ npm_config_nodedir: wrong })
      } catch (error) {
        expect(error).toBeInstanceOf(BuildFailure)
        return (error as Error).message
      }
    }
    // Beside the executable they may be there all the same.
    expect(outcome()).not.toBe(wrong)
  })

  test('go into the build of librdkafka, which is not a parallel one', async () => {
    const right = await headersOf(process.versions.node)
    const env = {
      PATH: '/bin',
      MAKEFLAGS: '-j8',
      MFLAGS: '-j8',
      MAKELEVEL: '1',
      JOBS: '8',
      npm_config_nodedir: right,
    }
    expect(rebuildEnvironment(env)).toEqual({ PATH: '/bin', npm_config_nodedir: right })
  })
})

describe('where things lie', () => {
  test('the sources are found from themselves and from both places of compiled modules', async () => {
    await put('native/src/addon.cc', '')
    const native = join(folder, 'native')
    for (const from of ['native', 'dist/native', 'native/build/js'])
      expect(nativeFolder(join(folder, from))).toBe(native)
  })

  test('sources that were not shipped are missed', () => {
    expect(() => nativeFolder(join(folder, 'dist', 'native'))).toThrow(
      /^No native\/src\/addon\.cc is found above /,
    )
  })

  test('node-rdkafka is found where a package manager has put it', async () => {
    const path = await put(
      'node_modules/node-rdkafka/package.json',
      '{ "version": "v3.6.1", "librdkafka": "2.12.0" }',
    )
    expect(findRdkafka(join(folder, 'node_modules', 'millrace', 'native'))).toEqual({
      folder: dirname(path),
      version: '3.6.1',
      librdkafka: '2.12.0',
      headers: join(dirname(path), 'deps', 'librdkafka', 'src'),
    })
  })
})

describe('what is compiled', () => {
  // Notes the last source or addon of each call, and fails on sources that hold the word `broken`.
  const compiler = `#!/bin/sh
[ "$1" = --version ] && { echo "$0 $VERSION"; exit; }
for last; do :; done
case " $* " in *" -c "*) step=compile;; *) step=link;; esac
for word; do case "$word" in *.cc) grep -q broken "$word" && { echo "$word is broken" >&2; exit 1; }; name=$word;; esac; done
[ $step = link ] && name=$last
echo "$step $(basename "$name" | cut -d . -f 1)" >> "$NOTES"
: > "$last"
`
  let env: NodeJS.ProcessEnv

  /** Builds, and returns what the compiler was called for. */
  async function build(): Promise<string[]> {
    await rm(env.NOTES!, { force: true })
    const rdkafka = { folder, version: '3.6.1', librdkafka: '2.12.0', headers: folder }
    await buildAddons({ native: join(folder, 'native'), rdkafka, flavor: 'release', say: () => {}, env })
    const notes = await readFile(env.NOTES!, 'utf8').catch(() => '')
    return notes
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .toSorted()
  }

  beforeEach(async () => {
    const cxx = await put('bin/cxx', compiler)
    await chmod(cxx, 0o755)
    env = {
      PATH: process.env.PATH,
      CXX: cxx,
      NOTES: join(folder, 'notes'),
      VERSION: '1',
      npm_config_nodedir: await headersOf(process.versions.node),
    }
    await put('native/src/addon.cc', '#include "reader.h"\n')
    await put('native/src/reader.cc', '#include <vector>\n#include "reader.h"\n')
    await put('native/src/reader.h', '#include "queue.h"\n')
    await put('native/src/queue.h', '#include "reader.h"\n')
    await put('native/src/mock.cc', '')
  })

  const links = ['link rdkafka', 'link rdkafka_mock']
  const everything = ['compile addon', 'compile mock', 'compile reader', ...links]

  test('everything at first, nothing when nothing has changed', async () => {
    expect(await build()).toEqual(everything)
    expect(await build()).toEqual([])
    expect(readStamp(join(folder, 'native/build/Release'))).toMatchObject({ abi: process.versions.modules })
  })

  test('a source that has changed', async () => {
    await build()
    await put('native/src/addon.cc', 'int one;')
    expect(await build()).toEqual(['compile addon', 'link rdkafka'])
  })

  test('all that include a header that has changed, directly or through another', async () => {
    await build()
    await put('native/src/queue.h', 'int one;')
    expect(await build()).toEqual(['compile addon', 'compile reader', ...links])
  })

  test('all, with another compiler', async () => {
    await build()
    env.VERSION = '2'
    expect(await build()).toEqual(everything)
  })

  test('an addon that is gone', async () => {
    await build()
    await rm(join(folder, 'native/build/Release/rdkafka_mock.node'))
    expect(await build()).toEqual(['link rdkafka_mock'])
  })

  test('what failed, once more; what did not fail is kept, and the old addon no longer passes for a new one', async () => {
    await build()
    await put('native/src/reader.cc', 'broken')
    await expect(build()).rejects.toThrow(/^reader\.o could not be built:\n\n.*reader\.cc is broken/)
    expect(readStamp(join(folder, 'native/build/Release'))).toBeUndefined()
    await put('native/src/reader.cc', 'int mended;')
    expect(await build()).toEqual(['compile reader', ...links])
  })
})
