import { fieldsOf, type StyleRule, wordsOf } from './style-rule.ts'

const single = new Set([
  ...[
    'email',
    'phone',
    'mobile',
    'telephone',
    'fax',
    'street',
    'zip',
    'postcode',
    'birthday',
    'birthdate',
    'ssn',
  ],
  ...['iban', 'passport', 'firstname', 'lastname', 'fullname', 'surname', 'nickname', 'address'],
])
const phrases =
  /^(?:.* )?(?:(?:first|last|full|given|family|middle|customer|user|recipient|holder|contact) name|postal code|zip code|date of birth|birth date|tax id|card number|account number|ip address|ip)$/

/** Fields that sound of people. */
export const personalData: StyleRule = {
  code: 'MS011',
  title: 'Personal data that is not marked',
  severity: 'warning',
  explanation:
    'What is personal has to be found when somebody asks for it, wants it deleted, or when it must not be logged. A mark in the ' +
    'schema goes wherever the record goes.',
  remedy: 'Write `"pii": true` at the field, or `"pii": false` where it only sounds like it.',
  example: {
    wrong: { name: 'email', type: 'string' },
    right: { name: 'email', type: 'string', pii: true },
  },
  *check(subject) {
    for (const { part, name } of fieldsOf(subject)) {
      const mark = part.json['pii']
      if (mark !== undefined && typeof mark !== 'boolean') {
        const message = `"pii" of "${name}" is true or false, not ${JSON.stringify(mark)}.`
        yield { part, attribute: 'pii', message, severity: 'error' }
        continue
      }
      // A mark around it counts as well.
      const marked = [part, ...part.within].some(({ json }) => typeof json['pii'] === 'boolean')
      if (marked || !soundsPersonal(name)) continue
      yield {
        part,
        message: `"${name}" sounds like personal data: mark it with "pii": true, or false if it is not.`,
      }
    }
  },
}

function soundsPersonal(name: string): boolean {
  const words = wordsOf(name)
  // An address of the network, and things that are about addresses.
  if (['count', 'type', 'id', 'verified', 'status', 'hash'].includes(words.at(-1)!)) return false
  return words.some((word) => single.has(word)) || phrases.test(words.join(' '))
}
