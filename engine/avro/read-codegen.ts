import { type AvroField, type AvroNode, minSize } from './model.ts'
import type { ReadPlan, RecordPlan } from './read-plan.ts'
import { isDecimal } from './resolution.ts'
import {
  createPasser,
  type Exit,
  helperFunctions,
  lengthCode,
  needCode,
  passCode,
  type Passer,
} from './skip-codegen.ts'
import { MALFORMED, maxDepth, maxEmptyItems, TOO_DEEP, TRUNCATED } from './varint.ts'
import { decodedDefault } from './whole-defaults.ts'

/** What generated code throws for bytes behind the value; `x.length` is how many. */
export const LEFT_OVER = 5

/** The source of a decoder, and the values that it is given in `k` */
export interface ReadSource {
  readonly text: string
  readonly constants: readonly unknown[]
}

interface Emitter {
  readonly passer: Passer
  readonly constants: unknown[]
  readonly records: Map<RecordPlan, { readonly name: string; body: string }>
  temporaries: number
}

// A failure is thrown as its code: they are rare, and every other way would cost each value something.
const throwing: Exit = { fail: (code) => `throw ${code}`, carry: 'throw -p' }

/**
 * The source of `decode(b,p,e)`, which reads the value at [p, e) of a buffer in one pass and throws a failure code where
 * the bytes are not exactly one value. Every record is a function of its own and a literal: V8 gives its objects one shape.
 * In the code `b` is the buffer, `p` the position, `e` the end, `d` the depth, `n` a scratch variable, `P` the position after
 * what a function read, `t` the texts, `x` the cursor. Of the schema only names of fields get into it, as keys.
 */
export function readSource(plan: ReadPlan): ReadSource {
  const emitter: Emitter = { passer: createPasser(true), constants: [], records: new Map(), temporaries: 0 }
  const body = valueCode(emitter, plan, 'v')
  const records = [...emitter.records.values()].map(
    ({ name, body: code }) =>
      `function ${name}(b,p,e,d){if(d>${maxDepth})${throwing.fail(TOO_DEEP)};let n=0;${code}}`,
  )
  const constants = emitter.constants.map((_, index) => `const k${index}=k[${index}];`).join('')
  const text = `'use strict';${constants}let P=0;
${helperFunctions(emitter.passer)}
${records.join('\n')}
return function decode(b,p,e){let n=0,d=0,v;x.empty=0;t.reset();${body}
if(p<e){x.length=e-p;${throwing.fail(LEFT_OVER)}}return v}`
  return { text, constants: emitter.constants }
}

/** Statements that read a value at `p` into a variable, and move `p` behind it. */
function valueCode(emitter: Emitter, plan: ReadPlan, into: string): string {
  switch (plan.op) {
    case 'leaf':
      return leafCode(plan.node, plan.as, into)
    case 'enum': {
      const refuse = `if(n>=${plan.symbols.length})${throwing.fail(MALFORMED)};`
      return `${lengthCode(throwing)}${refuse}${into}=${constant(emitter, plan.symbols)}[n];`
    }
    case 'record':
      return `${into}=${recordFunction(emitter, plan)}(b,p,e,d+1);p=P;`
    case 'union': {
      const cases = plan.branches.map(
        (branch, index) => `if(n===${index}){${valueCode(emitter, branch, into)}}`,
      )
      return `${lengthCode(throwing)}${cases.join('else ')}else ${throwing.fail(MALFORMED)};`
    }
    case 'wrap':
      return `${valueCode(emitter, plan.value, into)}${into}={${JSON.stringify(plan.name)}:${into}};`
    case 'array':
      return arrayCode(emitter, plan, into)
    case 'map':
      return mapCode(emitter, plan, into)
  }
}

function leafCode(node: AvroNode, as: AvroNode, into: string): string {
  switch (node.kind) {
    case 'null':
      return `${into}=null;`
    case 'boolean':
      return `${needCode(1, throwing)}${into}=b[p++]!==0;`
    case 'int':
      return `${shortCode(into)}{p=I(b,p,e);if(p<0)${throwing.carry};${into}=x.length}`
    case 'long': {
      const value = as.kind === 'long' ? 'x.long' : 'Number(x.long)'
      return `${shortCode(into)}{p=G(b,p,e);if(p<0)${throwing.carry};${into}=${value}}`
    }
    case 'float':
      return `${needCode(4, throwing)}${into}=b.readFloatLE(p);p+=4;`
    case 'double':
      return `${needCode(8, throwing)}${into}=b.readDoubleLE(p);p+=8;`
    case 'fixed':
      return `${needCode(node.size, throwing)}${into}=${bytesCode(as, `p+${node.size}`)};p+=${node.size};`
    default:
      return `${lengthCode(throwing)}if(n>e-p)${throwing.fail(TRUNCATED)};${into}=${bytesCode(as, 'p+n')};p+=n;`
  }
}

/** An integer of one byte, which most are; what follows is for the others. */
function shortCode(into: string): string {
  return `if(p<e&&b[p]<128){n=b[p++];${into}=(n>>>1)^-(n&1)}else`
}

/** The bytes from p to an end as the reader's type has them; bytes are copied, since the batch's buffer will go. */
function bytesCode(as: AvroNode, end: string): string {
  if (as.kind === 'string') return `t.read(b,p,${end},e)`
  if (isDecimal(as) && 'logical' in as) return `D(b,p,${end},${as.logical.scale})`
  return `C(b,p,${end})`
}

function recordFunction(emitter: Emitter, plan: RecordPlan): string {
  const known = emitter.records.get(plan)
  if (known !== undefined) return known.name
  // Named before its body is made: the body of a recursive record calls it.
  const made = { name: `r${emitter.records.size}`, body: '' }
  emitter.records.set(plan, made)
  made.body = recordBody(emitter, plan)
  return made.name
}

function recordBody(emitter: Emitter, plan: RecordPlan): string {
  let code = ''
  for (const { node, becomes } of plan.fields) {
    if (becomes.length === 0) code += passCode(emitter.passer, node, throwing)
    const reads = becomes.map(
      ({ slot, plan: read }) => `let v${slot};${valueCode(emitter, read, `v${slot}`)}`,
    )
    // Two fields of the reader may be one of the writer's, by aliases: it is read twice from the same place.
    const at = temporary(emitter, 'o')
    code += reads.length > 1 ? `const ${at}=p;${reads.join(`p=${at};`)}` : reads.join('')
  }
  const made = plan.made.map(({ field, slot }) => {
    return `${field.name}:${slot === undefined ? defaultCode(emitter, field) : `v${slot}`}`
  })
  return `${code}P=p;return{${made.join(',')}}`
}

/** A default; one that could be changed is made anew for each value. */
function defaultCode(emitter: Emitter, field: AvroField): string {
  const value = decodedDefault(field.type, field.default)
  if (typeof value !== 'object' || value === null) return constant(emitter, value)
  return `${constant(emitter, () => decodedDefault(field.type, field.default))}()`
}

function arrayCode(emitter: Emitter, plan: ReadPlan & { op: 'array' }, into: string): string {
  const item = temporary(emitter, 'i')
  const code = `let ${item};${valueCode(emitter, plan.items, item)}${into}.push(${item});`
  return `${into}=[];${blocksCode(emitter, minSize(plan.node), code)}`
}

function mapCode(emitter: Emitter, plan: ReadPlan & { op: 'map' }, into: string): string {
  const [key, item] = [temporary(emitter, 'i'), temporary(emitter, 'i')]
  const read = `${lengthCode(throwing)}if(n>e-p)${throwing.fail(TRUNCATED)};const ${key}=t.read(b,p,p+n,e);p+=n;`
  const code = `${read}let ${item};${valueCode(emitter, plan.values, item)}`
  const set = `if(${key}==='__proto__')M(${into},${item});else ${into}[${key}]=${item};`
  return `${into}={};${blocksCode(emitter, 1 + minSize(plan.node), code + set)}`
}

/**
 * The blocks of an array or map, each item read by `item`. A block of up to 63 items without size in bytes, which is what
 * nearly all are, is begun in place. m is a block's count, q its end or -1, o the end around it.
 */
function blocksCode(emitter: Emitter, least: number, item: string): string {
  const [m, q, o] = [temporary(emitter, 'm'), temporary(emitter, 'q'), temporary(emitter, 'o')]
  const short = least === 0 ? '' : `if(n<127&&(n&1)===0&&(n>>1)*${least}<e-p){p++;${m}=n>>1}else `
  const long = `{p=B(b,p,e,${least});if(p<0)${throwing.carry};${m}=x.length;if(${m}===0)break;${q}=x.low;if(${q}>=0)e=${q}}`
  const empty = least === 0 ? `x.empty+=${m};if(x.empty>${maxEmptyItems})${throwing.fail(MALFORMED)};` : ''
  const close = `if(${q}>=0){if(p!==${q})${throwing.fail(MALFORMED)};e=${o};${q}=-1}`
  const head = `if(p>=e)${throwing.fail(TRUNCATED)};n=b[p];if(n===0){p++;break}${short}${long}`
  return `if(++d>${maxDepth})${throwing.fail(TOO_DEEP)};let ${m}=0,${q}=-1;const ${o}=e;for(;;){${head}${empty}while(${m}-->0){${item}}${close}}d--;`
}

function temporary(emitter: Emitter, letter: string): string {
  return `${letter}${emitter.temporaries++}`
}

function constant(emitter: Emitter, value: unknown): string {
  return `k${emitter.constants.push(value) - 1}`
}
