// A test with real servers may have to start them first: five seconds, Jest's default, are for unit tests.

import { jest } from '@jest/globals'

jest.setTimeout(60_000)
