// The headers of a fetched record as the broker sent them.
#pragma once

#include <rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace millrace {

/** Kafka's own form: a count, then names and values with their lengths; all numbers are zigzag varints (KIP-82). */
struct RawHeaders {
  const uint8_t* data;
  size_t length;
};

/**
 * Where the headers of a fetched record lie. librdkafka has no public way to them but one that makes a buffer, a list and
 * an object for each, for every record, also for one without headers: a sixth of all CPU. So this looks where the version
 * it was written for keeps them, and knows nothing in any other version.
 */
std::optional<RawHeaders> raw_headers(const rd_kafka_message_t* record);

/** Reads zigzag varints and bytes, never beyond the end. */
class RawReader {
 public:
  explicit RawReader(RawHeaders raw) : at_(raw.data), end_(raw.data + raw.length) {}

  bool number(int64_t& value) {
    uint64_t bits = 0;
    for (int shift = 0; at_ < end_ && shift < 64; shift += 7) {
      const uint8_t byte = *at_++;
      bits |= uint64_t{byte & 127u} << shift;
      if (byte < 128) {
        value = static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
        return true;
      }
    }
    return false;
  }

  bool bytes(int64_t length, const uint8_t*& data) {
    if (length < 0 || length > end_ - at_) return false;
    data = at_;
    at_ += length;
    return true;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace millrace
