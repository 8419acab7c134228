// A test with real servers may have to start them first, on a machine that is busy: five seconds, Jest's default, are for
// unit tests. This is a limit for what hangs; it is longer than any server may take to start.

import { jest } from '@jest/globals'

jest.setTimeout(400_000)
