// A thread for calls of librdkafka that block for as long as a broker likes. It is started by the first of them, so that
// most clients never have it. Node's own pool is not used: it has four threads for the whole process.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "mailbox.h"

namespace millrace {

class Errands {
 public:
  Errands() = default;
  Errands(const Errands&) = delete;
  ~Errands() { finish(); }

  /** From one thread at a time. */
  void run(Mailbox::Work work) {
    if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    mailbox_.push(std::move(work));
  }

  /** Waits for what was handed over. Nothing may be handed over afterwards. */
  void finish() {
    if (!thread_.joinable()) return;
    mailbox_.push([this] { done_ = true; });
    thread_.join();
  }

 private:
  void loop() {
    while (!done_) {
      if (!mailbox_.run()) mailbox_.wait(Clock::time_point::max());
    }
  }

  Mailbox mailbox_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace millrace
