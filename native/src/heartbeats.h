// Whether a heartbeat of KIP-848 is on its way, which librdkafka tells its interceptors alone.
#pragma once

#include <atomic>

#include "mailbox.h"
#include "raii.h"

namespace millrace {

/** Outlives the client that it watches. */
class Heartbeats {
 public:
  /** Before the client is made. Costs a comparison for each request of the client. */
  void watch(rd_kafka_conf_t* conf);

  /** From any thread: one is on its way, or was answered so shortly ago that the client may not have read the answer. */
  bool under_way() const;

 private:
  static rd_kafka_resp_err_t begin(rd_kafka_t* client, const rd_kafka_conf_t*, void* self, char*, size_t);

  std::atomic<bool> away_ = false;
  std::atomic<Clock::rep> answered_ = 0;
};

}  // namespace millrace
