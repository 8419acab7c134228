import type { AvroField, AvroNode, EnumNode } from './model.ts'
import { minSize } from './model.ts'
import type { Constant, FieldAs, Plan, Target } from './field-plan.ts'
import { isDecimal } from './resolution.ts'
import {
  createPasser,
  type Exit,
  helperFunctions,
  lengthCode,
  needCode,
  passAllCode,
  passCode,
  type Passer,
} from './skip-codegen.ts'
import { MALFORMED, TRUNCATED, UNSAFE_NUMBER, zigzag } from './varint.ts'

/** In a span's place for the length: the field is null or absent. */
export const SPAN_ABSENT = -1
/**
 * In a span's place for the length, this or less: the writer has no such field, the reader schema's default holds.
 * Its bytes are `defaults[SPAN_DEFAULT - length]` of the reader.
 */
export const SPAN_DEFAULT = -2

/** Source text of a reader's functions, and the values that it calls `k[0]`, `k[1]` … */
export interface FieldSource {
  readonly text: string
  readonly constants: readonly unknown[]
  /** What SPAN_DEFAULT and less stand for. */
  readonly defaults: readonly Buffer[]
}

interface Emitter {
  readonly defaults: Buffer[]
  readonly forms: readonly FieldAs[]
  readonly passer: Passer
  readonly constants: unknown[]
  loops: number
}

// Leave the block of this record with a code.
const leaving: Exit = { fail: (code) => `{c=${code};break R}`, carry: '{c=-p;break R}' }

/**
 * The source of two functions: `one(b,p,e,r,cols)` reads the record at [p, e) into row r and returns a code;
 * `all(b,starts,ends,rows,count,skip,status,cols)` does so for many. Nothing of the schema gets into the text but
 * numbers: names and keys are compared through constants. (A copy of the body inside the batch's loop was measured:
 * no faster, V8 inlines the call.)
 */
export function fieldSource(plan: Plan, forms: readonly FieldAs[]): FieldSource {
  const emitter: Emitter = { forms, passer: createPasser(false), constants: [], defaults: [], loops: 0 }
  const columns = forms.map((_, slot) => `c${slot}`).join(',')
  const body = emit(emitter, plan, true)
  const text = `'use strict';
${helperFunctions(emitter.passer)}
function one(b,p,e,r,${columns}){let c=0,n=0,o=0,v;const d=0,r2=r+r;
R:{if(p<0||p>e||e>b.length){c=${TRUNCATED};break R}${body}}
return c}
function all(b,starts,ends,rows,count,skip,status,cols){const[${columns}]=cols;let bad=0;
for(let i=0;i<count;i++){const r=rows[i],c=one(b,starts[r]+skip,ends[r],r,${columns});status[r]=c;if(c!==0)bad++}
return bad}
return {all,one:(b,p,e,r,cols)=>one(b,p,e,r,${forms.map((_, slot) => `cols[${slot}]`).join(',')})}`
  return { text, constants: emitter.constants, defaults: emitter.defaults }
}

/** Code for a node of the plan. `last`: nothing is wanted after it, so that the rest may stay unread. */
function emit(emitter: Emitter, plan: Plan, last: boolean): string {
  const before = plan.constants.map((constant) => setConstant(emitter, constant)).join('')
  return before + emitNode(emitter, plan, last)
}

function emitNode(emitter: Emitter, plan: Plan, last: boolean): string {
  switch (plan.op) {
    case 'pass':
      return last ? '' : passCode(emitter.passer, plan.node, leaving)
    case 'leaf':
      return emitLeaf(emitter, plan.node, plan.targets)
    case 'record':
      return emitRecord(emitter, plan.node.fields, plan.fields, last)
    case 'union': {
      const cases = plan.branches.map((branch, index) => `if(n===${index}){${emit(emitter, branch, last)}}`)
      return `${lengthCode(leaving)}${cases.join('else ')}else ${leaving.fail(MALFORMED)};`
    }
    case 'map':
      return emitMap(emitter, plan)
  }
}

function emitRecord(
  emitter: Emitter,
  fields: readonly AvroField[],
  plans: ReadonlyMap<AvroField, readonly Plan[]>,
  last: boolean,
): string {
  const end = fields.findLastIndex((field) => plans.has(field))
  let code = ''
  let passed: AvroNode[] = []
  for (const [index, field] of fields.entries()) {
    const wanted = plans.get(field)
    if (wanted === undefined) passed.push(field.type)
    else {
      code +=
        passAllCode(emitter.passer, passed, leaving) + emitShared(emitter, wanted, last && index === end)
      passed = []
    }
    if (last && index >= end) return code
  }
  return code + passAllCode(emitter.passer, passed, leaving)
}

/** Two fields of the reader may be one of the writer's, by aliases: it is then read twice from the same place. */
function emitShared(emitter: Emitter, plans: readonly Plan[], last: boolean): string {
  if (plans.length === 1) return emit(emitter, plans[0]!, last)
  const at = `o${emitter.loops++}`
  const back = plans.slice(0, -1).map((plan) => `${emit(emitter, plan, true)}p=${at};`)
  return `const ${at}=p;${back.join('')}${emit(emitter, plans.at(-1)!, last)}`
}

function emitMap(emitter: Emitter, plan: Plan & { op: 'map' }): string {
  const count = `m${emitter.loops++}`
  const pass = passCode(emitter.passer, plan.values, leaving)
  let entry = ''
  for (const [key, value] of plan.entries) {
    const bytes = Buffer.from(key)
    const same = `n===${bytes.length}&&M(b,p,${constant(emitter, bytes)})`
    entry += `if(${same}){p+=n;${emit(emitter, value, false)}}else `
  }
  const key = `${lengthCode(leaving)}if(n>e-p)${leaving.fail(TRUNCATED)};${entry}{p+=n;${pass}}`
  const head = `p=B(b,p,e,${1 + minSize(plan.values)});if(p<0)${leaving.carry};let ${count}=x.length;if(${count}===0)break;`
  return `for(;;){${head}while(${count}-->0){${key}}}`
}

function constant(emitter: Emitter, value: unknown): string {
  return `k[${emitter.constants.push(value) - 1}]`
}

function setConstant(emitter: Emitter, { slot, value, node }: Constant): string {
  if (emitter.forms[slot] === 'span') {
    const isDefault = value != null && node !== undefined
    const length = isDefault ? SPAN_DEFAULT + 1 - emitter.defaults.push(spanBytes(value)) : SPAN_ABSENT
    return `c${slot}[r2]=-1;c${slot}[r2+1]=${length};`
  }
  if (emitter.forms[slot] === 'number')
    return `c${slot}[r]=${typeof value === 'number' ? constant(emitter, value) : 'NaN'};`
  return `c${slot}[r]=${value === undefined ? 'undefined' : constant(emitter, value)};`
}

/** The bytes that a default would have in a record. */
function spanBytes(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value
  return typeof value === 'number' ? zigzag(BigInt(value)) : Buffer.from(value as string)
}

// In the code of a leaf, o is where its bytes begin, n how many they are, and v its value.
function emitLeaf(emitter: Emitter, node: AvroNode, targets: readonly Target[]): string {
  const store = (value: (target: Target) => string): string => storeAll(emitter, targets, value)
  switch (node.kind) {
    case 'null':
      return targets.map(({ slot }) => setConstant(emitter, { slot, value: null })).join('')
    case 'boolean':
      return `${needCode(1, leaving)}v=b[p++]!==0;${store(() => 'v')}`
    case 'int':
      return `o=p;p=I(b,p,e);if(p<0)${leaving.carry};n=x.length;${store(() => 'n')}`
    case 'long':
      return emitLong(emitter, targets)
    case 'float':
      return `${needCode(4, leaving)}v=b.readFloatLE(p);p+=4;${store(() => 'v')}`
    case 'double':
      return `${needCode(8, leaving)}v=b.readDoubleLE(p);p+=8;${store(() => 'v')}`
    case 'enum':
      return `${lengthCode(leaving)}if(n>=${node.symbols.length})${leaving.fail(MALFORMED)};${store((target) => symbol(emitter, node, target))}`
    case 'fixed':
      return `${needCode(node.size, leaving)}o=p;n=${node.size};p+=n;${store(asText)}`
    case 'string':
    case 'bytes':
      return `${lengthCode(leaving)}if(n>e-p)${leaving.fail(TRUNCATED)};o=p;p+=n;${store(asText)}`
    default:
      throw new TypeError(`${node.kind} is no leaf`)
  }
}

function emitLong(emitter: Emitter, targets: readonly Target[]): string {
  const forms = new Set(targets.map(({ slot }) => emitter.forms[slot]))
  const number = forms.has('number')
    ? `v=N();if(!Number.isSafeInteger(v))${leaving.fail(UNSAFE_NUMBER)};`
    : ''
  const value = forms.has('value') ? 'v=G();' : ''
  const rounded = (reader: AvroNode) =>
    reader.kind === 'float' || reader.kind === 'double' ? 'Number(v)' : 'v'
  const stores = storeAll(emitter, targets, ({ reader }) => rounded(reader))
  return `o=p;p=P(b,p,e);if(p<0)${leaving.carry};${number}${value}${stores}`
}

function symbol(emitter: Emitter, writer: EnumNode, { reader }: Target): string {
  const own = reader.kind === 'enum' ? reader : writer
  const read = writer.symbols.map((name) => (own.symbols.includes(name) ? name : own.default))
  return `${constant(emitter, read)}[n]`
}

/** The bytes at o as the reader's type has them; bytes are copied, since the batch's buffer will go. */
function asText({ reader }: Target): string {
  if (reader.kind === 'string') return 'b.utf8Slice(o,p)'
  if (isDecimal(reader) && 'logical' in reader) return `D(b,o,p,${reader.logical.scale})`
  return 'C(b,o,p)'
}

function storeAll(emitter: Emitter, targets: readonly Target[], value: (target: Target) => string): string {
  return targets
    .map((target) => {
      const column = `c${target.slot}`
      const form = emitter.forms[target.slot]
      if (form === 'span') return `${column}[r2]=o;${column}[r2+1]=p-o;`
      return `${column}[r]=${form === 'number' ? numberOf(value(target)) : value(target)};`
    })
    .join('')
}

function numberOf(value: string): string {
  return value === 'Number(v)' ? 'v' : value
}
