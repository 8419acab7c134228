import { type AvroNode, fixedSize, minSize } from './model.ts'
import { MALFORMED, maxDepth, maxEmptyItems, TOO_DEEP, TRUNCATED } from './varint.ts'

/** How generated code gives up: with a failure code, or with the negative position that a helper returned. */
export interface Exit {
  fail(code: number): string
  readonly carry: string
}

/** Inside a function that returns the position or a negative code. */
export const returning: Exit = { fail: (code) => `return ${-code}`, carry: 'return p' }

/**
 * What generates the code that passes over values. In it `b` is the buffer, `p` the position, `e` the end, `d` the
 * depth and `n` a scratch variable; names of the schema never appear, only numbers. Every byte is read after a check
 * against `e`, and every turn of a loop takes a byte or more, so that the code ends for any input.
 */
export interface Passer {
  /**
   * False: pass as fast as possible, over sized blocks in one step. True: look at every item, symbol index and int,
   * so that whatever is passed can be decoded.
   */
  readonly strict: boolean
  /** The helper functions by node: one for each record, array and map, since schemas may be recursive. */
  readonly functions: Map<AvroNode, { readonly name: string; body: string }>
}

/** A passer without functions yet. */
export function createPasser(strict: boolean): Passer {
  return { strict, functions: new Map() }
}

/** The helper functions that the code of this passer calls. */
export function helperFunctions(passer: Passer): string {
  return [...passer.functions.values()]
    .map(({ name, body }) => `function ${name}(b,p,e,d){${body}}`)
    .join('\n')
}

/** Statements that move `p` behind a value of the node. */
export function passCode(passer: Passer, node: AvroNode, exit: Exit): string {
  const size = fixedSize(node)
  if (size >= 0) return passBytes(size, exit)
  if (node.kind === 'string' || node.kind === 'bytes') return textCode(exit)
  if (node.kind === 'record' || node.kind === 'array' || node.kind === 'map') {
    return `p=${helper(passer, node)}(b,p,e,d+1);if(p<0)${exit.carry};`
  }
  if (node.kind === 'union') {
    const cases = node.branches.map((branch, index) => `if(n===${index}){${passCode(passer, branch, exit)}}`)
    return `${lengthCode(exit)}${cases.join('else ')}else ${exit.fail(MALFORMED)};`
  }
  if (passer.strict && node.kind === 'int') return `p=I(b,p,e);if(p<0)${exit.carry};`
  if (passer.strict && node.kind === 'enum') {
    return `${lengthCode(exit)}if(n>=${node.symbols.length})${exit.fail(MALFORMED)};`
  }
  return `if(p>=e)${exit.fail(TRUNCATED)};if(b[p++]>127){p=S(b,p,e);if(p<0)${exit.carry}}`
}

/** Statements that move `p` behind the values of `nodes`, one after the other; runs of fixed size in one step. */
export function passAllCode(passer: Passer, nodes: readonly AvroNode[], exit: Exit): string {
  let code = ''
  let run = 0
  for (const node of nodes) {
    const size = fixedSize(node)
    if (size >= 0) run += size
    else {
      code += passBytes(run, exit) + passCode(passer, node, exit)
      run = 0
    }
  }
  return code + passBytes(run, exit)
}

/**
 * Statements that read a length, branch or symbol index into `n`. Nearly all take one byte; the rest goes through a
 * function.
 */
export function lengthCode(exit: Exit): string {
  const slow = `p=L(b,p,e);if(p<0)${exit.carry};n=x.length`
  return `if(p>=e)${exit.fail(TRUNCATED)};n=b[p];if(n>127||(n&1)===1){${slow}}else{p++;n>>=1}`
}

/** Statements that refuse to go on when fewer than `size` bytes are left. */
export function needCode(size: number, exit: Exit): string {
  return size === 0 ? '' : `if(${size}>e-p)${exit.fail(TRUNCATED)};`
}

function passBytes(size: number, exit: Exit): string {
  return size === 0 ? '' : `${needCode(size, exit)}p+=${size};`
}

function textCode(exit: Exit): string {
  return `${lengthCode(exit)}if(n>e-p)${exit.fail(TRUNCATED)};p+=n;`
}

type HelperNode = AvroNode & { readonly kind: 'record' | 'array' | 'map' }

function helper(passer: Passer, node: HelperNode): string {
  const known = passer.functions.get(node)
  if (known !== undefined) return known.name
  // Named before its body is made: the body of a recursive record calls it.
  const made = { name: `s${passer.functions.size}`, body: '' }
  passer.functions.set(node, made)
  made.body = helperBody(passer, node)
  return made.name
}

function helperBody(passer: Passer, node: HelperNode): string {
  const deep = `let n=0;if(d>${maxDepth})return ${-TOO_DEEP};`
  if (node.kind === 'record') {
    const fields = node.fields.map((field) => field.type)
    return `${deep}${passAllCode(passer, fields, returning)}return p`
  }
  const item = passCode(passer, node.kind === 'array' ? node.items : node.values, returning)
  if (node.kind === 'array') return deep + loopCode(passer.strict, minSize(node.items), item)
  return deep + loopCode(passer.strict, 1 + minSize(node.values), textCode(returning) + item)
}

// m is a block's count, q its end or -1. Items without size are counted, not walked: they are free to claim.
function loopCode(strict: boolean, least: number, item: string): string {
  const head =
    `if(p>=e)return ${-TRUNCATED};if(b[p]===0)return p+1;` +
    `p=B(b,p,e,${least});if(p<0)return p;m=x.length;if(m===0)return p;q=x.low;`
  const items = least === 0 ? '' : `while(m-->0){${item}}`
  if (!strict) return `let m=0,q=0;for(;;){${head}if(q>=0){p=q;continue}${items}}`
  const empty = least === 0 ? `x.empty+=m;if(x.empty>${maxEmptyItems})return ${-MALFORMED};` : ''
  const close = `if(q>=0){if(p!==q)return ${-MALFORMED};e=o}`
  return `let m=0,q=0;const o=e;for(;;){${head}if(q>=0)e=q;${empty}${items}${close}}`
}
