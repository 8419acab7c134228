// Headers as they lie in a batch: a count, then for each the name's length and bytes, then the value's length plus one
// (0 = null) and bytes; numbers are unsigned LEB128, and no headers at all are zero bytes. Names may repeat.
#pragma once

#include <rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace millrace {

/** How many bytes the headers of a fetched record take; nothing if they are damaged. */
std::optional<size_t> packed_size(const rd_kafka_message_t* record);

/** Writes them at `to`, and returns where they end. */
uint8_t* pack_headers(const rd_kafka_message_t* record, uint8_t* to);

}  // namespace millrace
