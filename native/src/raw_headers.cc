#include "raw_headers.h"

#include <sys/queue.h>

namespace millrace {

namespace {

/** The beginning of librdkafka's rd_kafka_msg_t (rdkafka_msg.h), and its rd_kafkap_bytes_t, in the version below. */
struct Bytes {
  int32_t length;
  const void* data;
  unsigned char rest[1];
};

struct Record {
  rd_kafka_message_t record;
  TAILQ_ENTRY(Record) link;
  int flags;
  rd_kafka_timestamp_type_t timestamp_type;
  int64_t timestamp;
  rd_kafka_headers_t* headers;
  rd_kafka_msg_status_t status;
  int32_t broker;
  union {
    struct {
      int64_t times[3];
      uint64_t ids[2];
      int retries;
      const char* error;
    } produced;
    struct {
      Bytes headers;
      int32_t leader_epoch;
    } fetched;
  } kind;
};

constexpr int version_of_layout = 0x020c00ff;

bool layout_is_known() {
  static const bool known = RD_KAFKA_VERSION == version_of_layout && rd_kafka_version() == version_of_layout;
  return known;
}

}  // namespace

std::optional<RawHeaders> raw_headers(const rd_kafka_message_t* message) {
  if (!layout_is_known()) return std::nullopt;
  const Bytes& bytes = reinterpret_cast<const Record*>(message)->kind.fetched.headers;
  return RawHeaders{static_cast<const uint8_t*>(bytes.data),
                    bytes.length > 0 ? static_cast<size_t>(bytes.length) : 0};
}

}  // namespace millrace
