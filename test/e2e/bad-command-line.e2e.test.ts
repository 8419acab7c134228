// Flags, commands and files that cannot be: one sentence each, with the right exit code; and help where it is asked for.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { expectRefusal, orders, TestProject, type Ran } from '../support/cli.ts'

jest.setTimeout(300_000)

let project: TestProject

beforeAll(async () => {
  project = new TestProject()
  await project.produce(orders(0, 30))
  mkdirSync(project.path('odd'))
  execFileSync('mkfifo', [project.path('odd/pipe.yaml')])
  symlinkSync('loop.yaml', project.path('odd/loop.yaml'))
})
afterAll(() => project.remove())

describe('run refuses', () => {
  const files: readonly [string, string, RegExp][] = [
    ['a folder', 'topologies', /topologies is a folder: name a topology file in it\.$/],
    ['a file that is not there', 'topologies/nope.yaml', /There is no file topologies\/nope\.yaml\.$/],
    ['a device', '/dev/null', /\/dev\/null is a pipe or a device: name a file\.$/],
    ['a device without an end', '/dev/zero', /\/dev\/zero is a pipe or a device: name a file\.$/],
    ['a pipe that nobody writes', 'odd/pipe.yaml', /pipe\.yaml is a pipe or a device: name a file\.$/],
    ['a link to itself', 'odd/loop.yaml', /odd\/loop\.yaml could not be read: ELOOP/],
  ]
  test.each(files)('%s', async (_what, file, sentence) => {
    expectRefusal(await project.run(['run', file]), 1, sentence)
  })

  const asNobody = process.getuid?.() === 0 ? test : test.skip
  // Root may read every file, so the file is read as another user; who is not root cannot become one.
  asNobody('a file that may not be read', async () => {
    project.write('topologies/secret.yaml', 'name: secret\n')
    chmodSync(project.folder, 0o755)
    chmodSync(project.path('topologies/secret.yaml'), 0o000)
    const prefix = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
    const ran = await project.run(['run', 'topologies/secret.yaml'], { prefix })
    expectRefusal(ran, 1, /topologies\/secret\.yaml may not be read: check its permissions\.$/)
  })
})

test('what a file holds does not steer the terminal', async () => {
  project.write('topologies/red.yaml', 'name: red\nsources: { "i\\e[31mn": { type: topic, topic: ins } }\n')
  const ran = await project.run(['lint', 'topologies/red.yaml'])
  expect(ran.stdout).toContain('"i\ufffd[31mn" cannot be a name here')
  const told = await project.run(['run', 'topologies/red.yaml'])
  expect(told.stderr).toContain('"i\ufffd[31mn" cannot be a name here')
})

test('produce reads no pipe by its name, for nothing could end that', async () => {
  const ran = await project.run(['produce', 'orders', '--raw', '--file', 'odd/pipe.yaml'])
  expectRefusal(ran, 1, /odd\/pipe\.yaml is a pipe: leave --file out, and write < odd\/pipe\.yaml\.$/)
})

describe('the command line', () => {
  const wrong: readonly [number, readonly string[], RegExp][] = [
    [2, ['rnu'], /There is no command "rnu": did you mean run\?$/],
    [2, ['--verbose'], /--verbose is no flag of millrace itself: give a command first/],
    [2, ['run'], /run needs a file/],
    [
      2,
      ['run', 'topologies/orders.yaml', '--untl-end'],
      /run has no flag --untl-end: did you mean --until-end\?$/,
    ],
    [
      2,
      ['run', 'topologies/orders.yaml', '-o', 'jsn'],
      /-o jsn is no format of this command: did you mean json\?$/,
    ],
    [2, ['run', 'topologies/orders.yaml', '--drain', 'soon'], /--drain is a number of seconds/],
    [2, ['run', 'topologies/orders.yaml', '--until-end=yes'], /--until-end takes no value/],
    [2, ['run', 'topologies/orders.yaml', '--store'], /--store needs a value: give --store DIR\.$/],
    [2, ['demo', 'here'], /demo takes no here: .*--repo/],
    [2, ['dlq', 'discard', '0@1', '0@2', '--reason', 'x'], /dlq discard has no use for "0@2"/],
    [2, ['describe', 'topologies/orders.yaml', 'topologies/more.yaml'], /describe takes one file at a time/],
    [
      1,
      ['run', 'topologies/orders.yaml', '--project', 'nowhere'],
      /--project nowhere does not exist: give the folder/,
    ],
    [1, ['demo', '--repo', 'nowhere'], /--repo nowhere is no git repository with commits/],
    [1, ['demo', '--store', '.'], /The store in .* was not made by a demo.*give another folder with --store/],
    [1, ['query', 'orders-of', 'customer=c0', '--store', 'nowhere'], /There is no store in .*nowhere yet: /],
  ]
  const commands = ['demo', 'run', 'lint', 'describe', 'explain', 'produce', 'query', 'dlq']
  const runs = new Map<unknown, Promise<Ran>>()

  beforeAll(() => {
    for (const [, words] of wrong) runs.set(words, project.run(words))
    for (const command of commands) runs.set(command, project.run([command, '--help']))
  })

  test.each(wrong)('has exit code %d for %j', async (code, words, sentence) => {
    expectRefusal(await runs.get(words)!, code, sentence)
  })

  test('without a command it shows all of them, on standard error', async () => {
    const { code, stdout, stderr } = await project.run([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^ {2}produce +\S/m)
  })

  test.each(commands)('%s --help contains an example', async (command) => {
    const { code, stdout, stderr } = await runs.get(command)!
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^Usage: millrace ${command}`, 'm'))
    expect(stdout).toMatch(new RegExp(`^Examples?:\\n {2}millrace ${command}`, 'm'))
    expect(stdout.split('\n').filter((line) => line.length > 160)).toEqual([])
  })
})

test('after all this nothing is lost', async () => {
  expect(await project.runOrders()).toMatchObject({ consumed: 30, stored: 30 })
})
