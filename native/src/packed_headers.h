// Headers as they lie in a batch: a count, then for each the name's length and bytes, then the value's length plus one
// (0 = null) and bytes; numbers are unsigned LEB128, and no headers at all are zero bytes. Names may repeat.
#pragma once

#include <rdkafka.h>

#include <cstddef>
#include <cstdint>

namespace millrace {

/** How many bytes `headers` (may be null) take. */
size_t packed_size(const rd_kafka_headers_t* headers);

/** Writes them at `to`, and returns where they end. */
uint8_t* pack_headers(const rd_kafka_headers_t* headers, uint8_t* to);

}  // namespace millrace
