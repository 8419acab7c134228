import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

// Where things lie: the sources, what is built from them, and the librdkafka that node-rdkafka builds.

/** A failure that the user can mend: the message is one sentence and is shown without a stack trace. */
export class BuildFailure extends Error {
  override readonly name = 'BuildFailure'
}

/** `release` is what runs; `asan` is the same with AddressSanitizer and UndefinedBehaviorSanitizer, for tests. */
export type Flavor = 'release' | 'asan'

/** Platforms with a recipe. Only linux-x64 is tested. */
export const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'] as const

/** This machine as Node names it, such as `linux-x64`. */
export const platform = `${process.platform}-${process.arch}`

/** What a build was made of; it lies beside the addons as `built.json`. */
export interface BuildStamp {
  /** Node's `process.version` when it was built. */
  readonly node: string
  /** `process.versions.modules`. */
  readonly abi: string
  readonly platform: string
  /** The version of librdkafka that it was linked with. */
  readonly librdkafka: string
  /** Hash over sources, flags, compiler and librdkafka. */
  readonly hash: string
}

/**
 * The folder that holds `src/addon.cc` and `build/`. `from` is the folder of one of this package's modules: the sources
 * themselves or their compiled copy one or two levels deeper, in `dist/`.
 *
 * @throws BuildFailure when the C++ sources were not shipped with the modules
 */
export function nativeFolder(from: string = import.meta.dirname): string {
  for (let folder = from, level = 0; level < 4; folder = dirname(folder), level++) {
    for (const candidate of [folder, join(folder, 'native')])
      if (existsSync(join(candidate, 'src', 'addon.cc'))) return candidate
  }
  throw new BuildFailure(`No native/src/addon.cc is found above ${from}: install the package again.`)
}

/** Where a flavor is built: `native/build/Release` or `native/build/Asan`. */
export function outputFolder(native: string, flavor: Flavor): string {
  return join(native, 'build', flavor === 'asan' ? 'Asan' : 'Release')
}

/** The stamp of what was built into a folder; undefined where nothing was, or it cannot be read. */
export function readStamp(folder: string): BuildStamp | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'built.json'), 'utf8')) as BuildStamp
  } catch {
    return undefined
  }
}

/** An installed node-rdkafka, built or not. */
export interface RdkafkaPackage {
  /** Its folder. */
  readonly folder: string
  /** Its version, without the `v`. */
  readonly version: string
  /** The version of librdkafka that it bundles. */
  readonly librdkafka: string
  /** `rdkafka.h` and its siblings. */
  readonly headers: string
}

/** Finds node-rdkafka as Node would from the given folder; undefined where it is not installed. */
export function findRdkafka(native: string): RdkafkaPackage | undefined {
  const require = createRequire(join(native, 'package.json'))
  let path: string
  try {
    path = require.resolve('node-rdkafka/package.json')
  } catch {
    return undefined
  }
  const { version, librdkafka } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
  const folder = dirname(path)
  return {
    folder,
    version: version!.replace(/^v/, ''),
    librdkafka: librdkafka!,
    headers: join(folder, 'deps', 'librdkafka', 'src'),
  }
}

/** The shared library's file name, as the dynamic linker looks for it. */
export function libraryName(os: string = process.platform, plus = ''): string {
  return os === 'darwin' ? `librdkafka${plus}.1.dylib` : `librdkafka${plus}.so.1`
}

/** Whether all files of a built node-rdkafka are there, good or not. */
export function isBuilt(rdkafka: RdkafkaPackage): boolean {
  return builtFiles().every((file) => existsSync(join(rdkafka.folder, file)))
}

/**
 * The files that make a built node-rdkafka, relative to its folder. The addon comes last: where it lies, its
 * libraries do too.
 */
export function builtFiles(os: string = process.platform): readonly string[] {
  return [
    join('build', 'deps', libraryName(os)),
    join('build', 'deps', libraryName(os, '++')),
    join('build', 'Release', 'node-librdkafka.node'),
  ]
}
