#include "packed_headers.h"

#include <cstring>

namespace millrace {

namespace {

size_t unsigned_size(size_t number) {
  size_t size = 1;
  for (; number >= 128; number >>= 7) size++;
  return size;
}

uint8_t* put_unsigned(size_t number, uint8_t* to) {
  for (; number >= 128; number >>= 7) *to++ = static_cast<uint8_t>(number | 128);
  *to++ = static_cast<uint8_t>(number);
  return to;
}

uint8_t* put_bytes(const void* bytes, size_t length, uint8_t* to) {
  if (length > 0) std::memcpy(to, bytes, length);
  return to + length;
}

}  // namespace

size_t packed_size(const rd_kafka_headers_t* headers) {
  if (headers == nullptr) return 0;
  const size_t count = rd_kafka_header_cnt(headers);
  if (count == 0) return 0;
  size_t total = unsigned_size(count);
  const char* name;
  const void* value;
  size_t size;
  for (size_t i = 0; i < count && !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++) {
    const size_t length = std::strlen(name);
    total += unsigned_size(length) + length + (value == nullptr ? 1 : unsigned_size(size + 1) + size);
  }
  return total;
}

uint8_t* pack_headers(const rd_kafka_headers_t* headers, uint8_t* to) {
  if (headers == nullptr) return to;
  const size_t count = rd_kafka_header_cnt(headers);
  if (count == 0) return to;
  to = put_unsigned(count, to);
  const char* name;
  const void* value;
  size_t size;
  for (size_t i = 0; i < count && !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++) {
    const size_t length = std::strlen(name);
    to = put_bytes(name, length, put_unsigned(length, to));
    to = value == nullptr ? put_unsigned(0, to) : put_bytes(value, size, put_unsigned(size + 1, to));
  }
  return to;
}

}  // namespace millrace
