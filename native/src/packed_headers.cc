#include "packed_headers.h"

#include <cstring>

#include "raw_headers.h"

namespace millrace {

namespace {

constexpr int64_t most_headers = 100'000;

struct Header {
  const void* name;
  size_t name_length;
  const void* value;
  size_t value_length;
};

/** Calls `use(header)` for each, after `begin(count)`; false if they are damaged. Stops at the first that is not needed. */
template <typename Begin, typename Use>
bool each_raw(RawHeaders raw, Begin begin, Use use) {
  if (raw.length == 0 || raw.data[0] == 0) return true;
  RawReader reader(raw);
  int64_t count;
  if (!reader.number(count) || count < 0 || count > most_headers) return false;
  begin(static_cast<size_t>(count));
  for (; count > 0; count--) {
    int64_t name_length, value_length;
    const uint8_t *name, *value = nullptr;
    if (!reader.number(name_length) || !reader.bytes(name_length, name)) return false;
    if (!reader.number(value_length) || (value_length != -1 && !reader.bytes(value_length, value)))
      return false;
    use(Header{name, static_cast<size_t>(name_length), value, static_cast<size_t>(value_length)});
  }
  return true;
}

/** The same through librdkafka's public functions. */
template <typename Begin, typename Use>
bool each_parsed(const rd_kafka_message_t* record, Begin begin, Use use) {
  rd_kafka_headers_t* headers = nullptr;
  const auto code = rd_kafka_message_headers(record, &headers);
  if (code == RD_KAFKA_RESP_ERR__NOENT) return true;
  if (code) return false;
  const size_t count = rd_kafka_header_cnt(headers);
  begin(count);
  const char* name;
  const void* value;
  size_t size;
  for (size_t i = 0; i < count && !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++)
    use(Header{name, std::strlen(name), value, size});
  return true;
}

template <typename Begin, typename Use>
bool each_header(const rd_kafka_message_t* record, Begin begin, Use use) {
  if (auto raw = raw_headers(record)) return each_raw(*raw, begin, use);
  return each_parsed(record, begin, use);
}

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

std::optional<size_t> packed_size(const rd_kafka_message_t* record) {
  size_t total = 0;
  const bool whole = each_header(
      record, [&](size_t count) { total += unsigned_size(count); },
      [&](const Header& header) {
        total += unsigned_size(header.name_length) + header.name_length;
        total += header.value == nullptr ? 1 : unsigned_size(header.value_length + 1) + header.value_length;
      });
  return whole ? std::optional(total) : std::nullopt;
}

uint8_t* pack_headers(const rd_kafka_message_t* record, uint8_t* to) {
  each_header(
      record, [&](size_t count) { to = put_unsigned(count, to); },
      [&](const Header& header) {
        to = put_bytes(header.name, header.name_length, put_unsigned(header.name_length, to));
        to = header.value == nullptr
                 ? put_unsigned(0, to)
                 : put_bytes(header.value, header.value_length, put_unsigned(header.value_length + 1, to));
      });
  return to;
}

}  // namespace millrace
