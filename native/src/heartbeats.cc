#include "heartbeats.h"

namespace millrace {

namespace {

constexpr auto name = "millrace";

/** ConsumerGroupHeartbeat. */
constexpr int16_t heartbeat_key = 68;

/** The answer lies in the queue of librdkafka's main thread for no longer than this, on the busiest of machines. */
constexpr auto reading = std::chrono::milliseconds(200);

Clock::rep now() { return Clock::now().time_since_epoch().count(); }

}  // namespace

void Heartbeats::watch(rd_kafka_conf_t* conf) {
  rd_kafka_conf_interceptor_add_on_new(conf, name, begin, this);
}

rd_kafka_resp_err_t Heartbeats::begin(rd_kafka_t* client, const rd_kafka_conf_t*, void* self, char*, size_t) {
  const auto sent = [](rd_kafka_t*, int, const char*, int32_t, int16_t key, int16_t, int32_t, size_t,
                       void* opaque) {
    if (key == heartbeat_key) static_cast<Heartbeats*>(opaque)->away_ = true;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  // Also called for a request that ends without an answer.
  const auto ended = [](rd_kafka_t*, int, const char*, int32_t, int16_t key, int16_t, int32_t, size_t,
                        int64_t, rd_kafka_resp_err_t, void* opaque) {
    if (key != heartbeat_key) return RD_KAFKA_RESP_ERR_NO_ERROR;
    auto* heartbeats = static_cast<Heartbeats*>(opaque);
    heartbeats->answered_ = now();
    heartbeats->away_ = false;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  const auto code = rd_kafka_interceptor_add_on_request_sent(client, name, sent, self);
  return code ? code : rd_kafka_interceptor_add_on_response_received(client, name, ended, self);
}

bool Heartbeats::under_way() const {
  return away_ || Clock::duration(now() - answered_) < reading;
}

}  // namespace millrace
