// Who may import whom: the rooms of ARCHITECTURE.md. Think about the layering before you change a rule.

const product = '^(main\\.ts$|(cli|domain|engine|native|platform|producer|project|sources|processors|sinks)/)'
const components = '^(sources|processors|sinks)/(?!index\\.ts$)'
const door = '^engine/component/index\\.ts$'

// The rooms beside runtime/, in which no room knows another.
const rooms = 'access|avro|cassandra|config|cql|embedded|http|kafka|observe|state|time|topology'

// An import that is gone at run time, or that happens when the code is first needed.
const typeOnly = ['type-only']
const lateOrTypeOnly = ['type-only', 'dynamic-import']

/** A third-party client is known to one room; tests, benchmarks and tools are free. */
const client = (name, packages, room) => ({
  name: `client-${name}`,
  comment: `Only engine/${room} imports ${name}; everyone else uses what that room offers.`,
  severity: 'error',
  from: { path: product, pathNot: `^engine/${room}/` },
  to: { path: packages, dependencyTypesNot: typeOnly },
})

const npm = (name) => `node_modules/${name}/`

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    // Rule 1
    {
      name: 'engine-knows-no-component',
      comment: 'The engine gets sources, processors and sinks handed to it by main.ts.',
      severity: 'error',
      from: { path: '^engine/' },
      to: {
        path: '^(main\\.ts$|(sources|processors|sinks|topologies|domain|platform|cli|producer|project)/)',
      },
    },
    {
      name: 'producer-is-a-library',
      comment: 'producer/ is what services import: no command and no component comes with it.',
      severity: 'error',
      from: { path: '^producer/' },
      to: { path: '^(main\\.ts$|(sources|processors|sinks|topologies|domain|cli|native)/)' },
    },

    {
      name: 'project-is-shared',
      comment:
        'project/ says what a project’s folder has, for commands and for services: it knows neither of them.',
      severity: 'error',
      from: { path: '^project/' },
      to: {
        path: '^(main\\.ts$|(sources|processors|sinks|topologies|domain|cli|producer|platform|native)/)',
      },
    },

    // Rule 2
    {
      name: 'processor-uses-the-door-only',
      comment:
        'A processor imports engine/component, rxjs, zod and its own folder: no client, no node:*, no other component.',
      severity: 'error',
      from: { path: '^processors/(?!index\\.ts$)([a-z-]+)' },
      to: { pathNot: [door, npm('rxjs'), npm('zod'), '^processors/$1/'] },
    },
    {
      name: 'component-stands-alone',
      comment: 'A component is one file, or a file and the folder of its name, and knows no other component.',
      severity: 'error',
      from: { path: '^(sources|processors|sinks)/(?!index\\.ts$)([a-z-]+)' },
      to: { path: '^(sources|processors|sinks|cli|domain|project)/', pathNot: '^$1/($2|codecs)(/|\\.ts$)' },
    },
    {
      name: 'component-opens-rooms-late',
      comment: 'A source or sink opens the room that it binds to with await import() in open().',
      severity: 'error',
      from: { path: '^(sources|sinks)/(?!index\\.ts$)' },
      to: { path: '^engine/', pathNot: [door, '^engine/errors\\.ts$'], dependencyTypesNot: lateOrTypeOnly },
    },
    {
      name: 'component-has-no-client',
      comment: 'A client library belongs to a room of the engine, not to a component.',
      severity: 'error',
      from: { path: components },
      to: { dependencyTypes: ['npm', 'npm-optional'], pathNot: [npm('rxjs'), npm('zod')] },
    },
    {
      name: 'registry-lists-its-own',
      comment: 'sources/index.ts, processors/index.ts and sinks/index.ts list the files beside them.',
      severity: 'error',
      from: { path: '^(sources|processors|sinks)/index\\.ts$' },
      to: { pathNot: ['^$1/', door] },
    },

    // Rule 3
    client('avsc', npm('avsc'), 'avro'),
    client('the schema registry client', npm('@kafkajs/confluent-schema-registry'), 'avro'),
    client('cassandra-driver', npm('cassandra-driver'), 'cassandra'),
    client('Kafka clients', npm('(node-rdkafka|@platformatic/kafka)'), 'kafka'),
    client('prom-client', npm('prom-client'), 'observe'),
    client('yaml', npm('yaml'), 'config'),
    client('node:sqlite', '^(node:)?sqlite$', 'embedded'),
    client('fastify', npm('fastify'), 'http'),
    client('jose', npm('jose'), 'access'),
    {
      name: 'native-stands-alone',
      comment: 'native/ could be a package of its own: it imports itself and node:*.',
      severity: 'error',
      from: { path: '^native/' },
      to: { dependencyTypesNot: ['core'], pathNot: '^native/' },
    },
    {
      name: 'native-is-for-kafka',
      comment: 'Only engine/kafka imports native/: everything else loads no native code.',
      severity: 'error',
      from: { path: product, pathNot: '^(native|engine/kafka)/' },
      to: { path: '^native/' },
    },
    {
      name: 'pure-rooms',
      comment: 'topology/, cql/ and time/ are pure: no node:*, no library but zod.',
      severity: 'error',
      from: { path: '^engine/(topology|cql|time)/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-optional'],
        dependencyTypesNot: typeOnly,
        pathNot: npm('zod'),
      },
    },
    {
      name: 'rooms-are-apart',
      comment: 'Rooms beside runtime/ do not import each other; runtime/ composes them.',
      severity: 'error',
      from: { path: `^engine/(${rooms})/` },
      to: { path: `^engine/(${rooms}|runtime)/`, pathNot: ['^engine/$1/', '^engine/(access|cql)/'] },
    },
    {
      name: 'access-is-for-http',
      comment: 'Who somebody is, engine/http asks; no other room does.',
      severity: 'error',
      from: { path: '^engine/', pathNot: '^engine/(access|http)/' },
      to: { path: '^engine/access/' },
    },
    {
      name: 'cql-is-for-tables',
      comment: 'engine/cql is used by embedded, cassandra and the lint in topology.',
      severity: 'error',
      from: { path: '^engine/', pathNot: '^engine/(cql|embedded|cassandra|topology|runtime)/' },
      to: { path: '^engine/cql/' },
    },
    {
      name: 'component-is-the-base',
      comment: 'The door rests on errors.ts and on nothing else of the engine.',
      severity: 'error',
      from: { path: '^engine/component/' },
      to: { path: '^engine/', pathNot: '^engine/(component/|errors\\.ts$)' },
    },
    {
      name: 'errors-know-nothing',
      comment: 'engine/errors.ts is imported by all and imports none.',
      severity: 'error',
      from: { path: '^engine/errors\\.ts$' },
      to: { path: '^engine/' },
    },
    {
      name: 'main-is-light',
      comment: 'Help is instant: main.ts opens commands and rooms with await import().',
      severity: 'error',
      from: { path: '^main\\.ts$' },
      to: {
        path: '^engine/',
        pathNot: '^engine/(component/|errors\\.ts$)',
        dependencyTypesNot: lateOrTypeOnly,
      },
    },
    {
      name: 'service-is-opened-late',
      comment: 'cli/service/ loads fastify: the commands open it with await import().',
      severity: 'error',
      from: { path: '^cli/', pathNot: '^cli/service/' },
      to: { path: '^cli/service/', dependencyTypesNot: lateOrTypeOnly },
    },
    {
      name: 'cli-opens-rooms-late',
      comment:
        'A command, and project/ for it, opens the rooms that do I/O with await import(), so that the others stay instant; cli/service/ is opened so itself.',
      severity: 'error',
      from: { path: '^(cli|project)/', pathNot: '^cli/service/' },
      to: {
        path: '^engine/(access/(?!scopes)|avro|cassandra|embedded|http|kafka|observe|runtime|state)/',
        dependencyTypesNot: lateOrTypeOnly,
      },
    },

    {
      name: 'platform-stands-on-the-door',
      comment:
        'platform/ is pure: what events are, and a shop that makes some. It imports itself, the door and errors.ts.',
      severity: 'error',
      from: { path: '^platform/' },
      to: { pathNot: ['^platform/', door, '^engine/errors\\.ts$'] },
    },

    // Rule 4
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-barrels',
      comment: 'The door and the three registries are the only index files.',
      severity: 'error',
      from: {
        path: '(^|/)index\\.ts$',
        pathNot: ['^(sources|processors|sinks)/index\\.ts$', door],
      },
      to: {},
    },
    {
      name: 'nothing-imports-tests-or-tools',
      comment: 'test/, bench/ and tools/ are no part of the product.',
      severity: 'error',
      from: { path: product },
      to: { path: '^(test|bench|tools)/' },
    },
    {
      name: 'tools-are-not-tests',
      comment:
        'Tools and benchmarks lean on nothing of the tests but their servers; tests may try the tools.',
      severity: 'error',
      from: { path: '^(bench|tools)/' },
      to: { path: '^(test|bench|tools)/', pathNot: '^($1|test/support/servers)/' },
    },

    // What holds everywhere
    {
      name: 'no-unresolved',
      comment: 'The imported file or package is not there.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, dependencyTypesNot: typeOnly },
    },
    {
      name: 'no-development-package',
      comment: 'The product runs without the development packages.',
      severity: 'error',
      from: { path: product },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: typeOnly },
    },
  ],

  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|native/build|\\.node|\\.millrace)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
