#include "unpack_headers.h"

namespace millrace {

namespace {

struct Cursor {
  const uint8_t* at;
  const uint8_t* const end;
  bool damaged = false;

  size_t left() const { return static_cast<size_t>(end - at); }

  /** 32 bits are enough for any length in a batch: larger numbers are damage. */
  uint32_t number() {
    uint32_t value = 0;
    for (int shift = 0; shift < 32 && at < end; shift += 7) {
      const uint8_t byte = *at++;
      value |= static_cast<uint32_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
    damaged = true;
    return 0;
  }

  const uint8_t* take(size_t length) {
    if (damaged || length > left()) {
      damaged = true;
      return at;
    }
    const uint8_t* taken = at;
    at += length;
    return taken;
  }
};

}  // namespace

bool unpack_headers(const uint8_t* from, const uint8_t* end, Headers& headers) {
  if (from == end) return true;
  Cursor cursor{from, end};
  const uint32_t count = cursor.number();
  // A header takes two bytes at least: no count can make us reserve more than the batch has.
  if (cursor.damaged || count > cursor.left() / 2) return false;
  if (count > 0) headers.reset(rd_kafka_headers_new(count));
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t name_length = cursor.number();
    const auto* name = reinterpret_cast<const char*>(cursor.take(name_length));
    const uint32_t length = cursor.number();
    const void* value = length == 0 ? nullptr : cursor.take(length - 1);
    if (cursor.damaged) return false;
    rd_kafka_header_add(headers.get(), name, static_cast<ssize_t>(name_length), value,
                        length == 0 ? 0 : length - 1);
  }
  return cursor.at == cursor.end;
}

}  // namespace millrace
