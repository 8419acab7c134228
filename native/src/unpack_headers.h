// From headers as they lie in a batch (packed_headers.h) to librdkafka's.
#pragma once

#include <rdkafka.h>

#include <cstdint>

#include "raii.h"

namespace millrace {

using Headers = std::unique_ptr<rd_kafka_headers_t, Destroyer<rd_kafka_headers_destroy>>;

/** False where the bytes end in the middle or too late. No headers at all leave `headers` null. */
bool unpack_headers(const uint8_t* from, const uint8_t* end, Headers& headers);

}  // namespace millrace
