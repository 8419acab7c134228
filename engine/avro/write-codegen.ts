import type { AvroField, AvroNode, FixedNode, Logical, PrimitiveNode, RecordNode } from './model.ts'
import { isDecimal } from './resolution.ts'
import { branchName, isBare, kindsOf } from './union-form.ts'
import { maxDepth, TOO_DEEP } from './varint.ts'
import { encodedDefault } from './whole-defaults.ts'
import { MISFIT } from './write-runtime.ts'

/** The source of an encoder, and the values that it is given in `k` */
export interface WriteSource {
  readonly text: string
  readonly constants: readonly unknown[]
}

interface Emitter {
  readonly strict: boolean
  readonly constants: unknown[]
  readonly records: Map<RecordNode, { readonly name: string; body: string }>
  temporaries: number
}

const misfit = `throw ${MISFIT}`
// Of so many fields the names are compared one after the other.
const mostCases = 64

/**
 * The source of `encode(b,p,v)`, which writes `v` at `p`, returns the position behind it, and throws MISFIT for a value
 * that does not fit or TOO_DEEP. Writes beyond the buffer come to nothing; the position tells. Every record is a function of
 * its own, so that each sees objects of few shapes. In the code `b` is the buffer, `p` the position, `d` the depth.
 *
 * @param strict refuse fields that the schema does not have.
 */
export function writeSource(root: AvroNode, strict: boolean): WriteSource {
  const emitter: Emitter = { strict, constants: [], records: new Map(), temporaries: 0 }
  const body = valueCode(emitter, root, 'v')
  const records = [...emitter.records.values()].map(
    ({ name, body: code }) => `function ${name}(b,p,v,d){if(d>${maxDepth})throw ${TOO_DEEP};${code}return p}`,
  )
  const constants = emitter.constants.map((_, index) => `const k${index}=k[${index}];`).join('')
  const text = `'use strict';${constants}
${records.join('\n')}
return function encode(b,p,v){let d=0;${body}return p}`
  return { text, constants: emitter.constants }
}

/** Statements that write the value of a variable at `p`, and move `p` behind it. */
function valueCode(emitter: Emitter, node: AvroNode, from: string): string {
  switch (node.kind) {
    case 'null':
      return `if(${from}!==null)${misfit};`
    case 'boolean':
      return `if(typeof ${from}!=='boolean')${misfit};b[p++]=${from}?1:0;`
    case 'int':
      return `if(typeof ${from}!=='number'||${from}!==(${from}|0))${misfit};p=I(b,p,${from});`
    case 'long':
      return `if(!Q(${from}))${misfit};p=G(b,p,${from});`
    case 'float':
    case 'double':
      return `if(typeof ${from}!=='number')${misfit};p=${node.kind === 'float' ? 'F' : 'E'}(b,p,${from});`
    case 'string':
      return `if(typeof ${from}!=='string')${misfit};p=T(b,p,${from});`
    case 'bytes':
    case 'fixed':
      return bytesCode(emitter, node, from)
    case 'enum':
      return enumCode(emitter, node.symbols, from)
    case 'record':
      return `p=${recordFunction(emitter, node)}(b,p,${from},d+1);`
    case 'array':
      return arrayCode(emitter, node.items, from)
    case 'map':
      return mapCode(emitter, node.values, from)
    case 'union':
      return isBare(node.branches)
        ? bareCode(emitter, node.branches, from)
        : wrappedCode(emitter, node.branches, from)
  }
}

function bytesCode(emitter: Emitter, node: PrimitiveNode | FixedNode, from: string): string {
  const size = node.kind === 'fixed' ? node.size : undefined
  if (node.logical?.name === 'decimal') return decimalCode(emitter, node.logical, size, from)
  if (size === undefined) return `if(!A(${from}))${misfit};p=B(b,p,${from});`
  return `if(!A(${from})||${from}.length!==${size})${misfit};p=R(b,p,${from});`
}

function decimalCode(emitter: Emitter, logical: Logical, size: number | undefined, from: string): string {
  const type = constant(emitter, logical)
  if (size !== undefined) return `p=X(b,p,${from},${type},${size});`
  return `p=D(b,p,${from},${type},${Math.min(10 ** logical.precision, 2 ** 31 - 1)});`
}

function enumCode(emitter: Emitter, symbols: readonly string[], from: string): string {
  const index = temporary(emitter)
  const indexes = constant(emitter, new Map(symbols.map((symbol, at) => [symbol, at])))
  return `const ${index}=${indexes}.get(${from});if(${index}===undefined)${misfit};p=I(b,p,${index});`
}

function recordFunction(emitter: Emitter, node: RecordNode): string {
  const known = emitter.records.get(node)
  if (known !== undefined) return known.name
  // Named before its body is made: the body of a recursive record calls it.
  const made = { name: `w${emitter.records.size}`, body: '' }
  emitter.records.set(node, made)
  const fields = node.fields.map((field) => fieldCode(emitter, field))
  made.body = `if(typeof v!=='object'||v===null)${misfit};${undeclaredCode(emitter, node)}${fields.join('')}`
  return made.name
}

/**
 * Refuses fields that the schema does not have. Names of literals are compared by address, which for a few dozen takes less
 * than a look-up.
 */
function undeclaredCode(emitter: Emitter, { fields }: RecordNode): string {
  if (!emitter.strict) return ''
  const refuse = `if(O(v,f))${misfit}`
  if (fields.length === 0) return `for(const f in v)${refuse};`
  if (fields.length > mostCases) {
    const names = constant(emitter, new Set(fields.map(({ name }) => name)))
    return `for(const f in v)if(!${names}.has(f))${refuse};`
  }
  const cases = fields.map(({ name }) => `case '${name}':`).join('')
  return `for(const f in v)switch(f){${cases}break;default:${refuse}}`
}

function fieldCode(emitter: Emitter, field: AvroField): string {
  const value = temporary(emitter)
  const head = `const ${value}=v.${field.name};`
  const code = valueCode(emitter, field.type, value)
  if (!field.hasDefault) return `${head}${code}`
  const bytes = encodedDefault(field.type, field.default)
  const fallback = bytes.length === 1 ? `b[p++]=${bytes[0]}` : `p=R(b,p,${constant(emitter, bytes)})`
  return `${head}if(${value}===undefined){${fallback}}else{${code}}`
}

function arrayCode(emitter: Emitter, items: AvroNode, from: string): string {
  const [index, item] = [temporary(emitter), temporary(emitter)]
  const each = `for(let ${index}=0;${index}<${from}.length;${index}++){const ${item}=${from}[${index}];${valueCode(emitter, items, item)}}`
  const block = `if(${from}.length>0){p=I(b,p,${from}.length);${each}}b[p++]=0;`
  return `if(!Array.isArray(${from}))${misfit};${deeper(block)}`
}

function mapCode(emitter: Emitter, values: AvroNode, from: string): string {
  const [keys, key, item] = [temporary(emitter), temporary(emitter), temporary(emitter)]
  const each = `for(const ${key} of ${keys}){p=T(b,p,${key});const ${item}=${from}[${key}];${valueCode(emitter, values, item)}}`
  const block = `if(${keys}.length>0){p=I(b,p,${keys}.length);${each}}b[p++]=0;`
  const check = `if(typeof ${from}!=='object'||${from}===null||Array.isArray(${from}))${misfit};`
  return `${check}const ${keys}=Object.keys(${from});${deeper(block)}`
}

function deeper(code: string): string {
  return `if(++d>${maxDepth})throw ${TOO_DEEP};${code}d--;`
}

/** Of one branch and null, the branch itself sees what does not fit; of several, the value's kind tells which it is. */
function bareCode(emitter: Emitter, branches: readonly AvroNode[], from: string): string {
  const others = branches.filter(({ kind }) => kind !== 'null')
  const isSure = (branch: AvroNode): boolean => others.length === 1 && !kindsOf(branch).includes('object')
  const cases = branches.map((branch, index) => {
    const test = branch.kind !== 'null' && isSure(branch) ? 'true' : kindTest(branch, from)
    const code = `if(${test}){${indexCode(index)}${valueCode(emitter, branch, from)}}`
    return { isNull: branch.kind === 'null', code }
  })
  // Null first: it is what is seen most, and what the branch beside it need not look for.
  const ordered = [...cases.filter(({ isNull }) => isNull), ...cases.filter(({ isNull }) => !isNull)]
  return `${ordered.map(({ code }) => code).join('else ')}else ${misfit};`
}

function indexCode(index: number): string {
  return index < 64 ? `b[p++]=${2 * index};` : `p=I(b,p,${index});`
}

function kindTest(branch: AvroNode, from: string): string {
  const tests: Readonly<Record<string, string>> = {
    null: `${from}===null`,
    bytes: `A(${from})`,
    array: `Array.isArray(${from})`,
    object: `typeof ${from}==='object'&&${from}!==null&&!A(${from})&&!Array.isArray(${from})`,
  }
  const kinds = kindsOf(branch).map((kind) => tests[kind] ?? `typeof ${from}==='${kind}'`)
  const alsoBig = branch.kind === 'long' || isDecimal(branch) ? [`typeof ${from}==='bigint'`] : []
  return [...kinds, ...alsoBig].join('||')
}

function wrappedCode(emitter: Emitter, branches: readonly AvroNode[], from: string): string {
  const [keys, inner] = [temporary(emitter), temporary(emitter)]
  const none = branches.findIndex(({ kind }) => kind === 'null')
  const onNull = none < 0 ? misfit : indexCode(none)
  const cases = branches.map(
    (branch, index) =>
      `case ${JSON.stringify(branchName(branch))}:{${indexCode(index)}${valueCode(emitter, branch, inner)}break}`,
  )
  const one = `const ${keys}=Object.keys(${from});if(${keys}.length!==1)${misfit};const ${inner}=${from}[${keys}[0]];`
  return `if(${from}===null){${onNull}}else{if(typeof ${from}!=='object')${misfit};${one}switch(${keys}[0]){${cases.join('')}default:${misfit}}}`
}

function temporary(emitter: Emitter): string {
  return `t${emitter.temporaries++}`
}

function constant(emitter: Emitter, value: unknown): string {
  return `k${emitter.constants.push(value) - 1}`
}
