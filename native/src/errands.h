// Threads for calls of librdkafka that block for as long as a broker likes. None is started before it is wanted, so that
// most clients never have one. Node's own pool is not used: it has four threads for the whole process.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "mailbox.h"

namespace millrace {

/** Calls run side by side, so that none uses up the time limit of another; those above `most` wait in line. */
class Errands {
 public:
  static constexpr size_t most = 16;

  Errands() = default;
  Errands(const Errands&) = delete;
  ~Errands() { finish(); }

  /** From one thread at a time. */
  void run(Mailbox::Work work) {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
    if (waiting_.size() > idle_ && threads_.size() < most) threads_.emplace_back([this] { loop(); });
    condition_.notify_one();
  }

  /** Waits for what was handed over. Nothing may be handed over afterwards. */
  void finish() {
    {
      std::lock_guard lock(mutex_);
      done_ = true;
    }
    condition_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
      idle_++;
      condition_.wait(lock, [this] { return done_ || !waiting_.empty(); });
      idle_--;
      if (waiting_.empty()) return;
      {
        Mailbox::Work work = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        work();
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable condition_;
  std::deque<Mailbox::Work> waiting_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool done_ = false;
};

}  // namespace millrace
