// What a thread of ours waits for: work that is handed to it, and signals that some queue has something.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace millrace {

using Clock = std::chrono::steady_clock;

/** Names the calling thread for profilers and `top -H`; at most 15 letters. */
inline void name_thread(const char* name) {
#ifdef __APPLE__
  pthread_setname_np(name);
#else
  pthread_setname_np(pthread_self(), name);
#endif
}

class Mailbox {
 public:
  using Work = std::function<void()>;

  /** From any thread. */
  void push(Work work) {
    {
      std::lock_guard lock(mutex_);
      work_.push_back(std::move(work));
      signaled_ = true;
    }
    condition_.notify_one();
  }

  /** From any thread: wakes the waiting one, or makes its next wait return at once. */
  void signal() {
    {
      std::lock_guard lock(mutex_);
      if (signaled_) return;
      signaled_ = true;
    }
    condition_.notify_one();
  }

  /** Waits for a signal or for work, at most until `deadline`. */
  void wait(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    // A deadline at the end of time overflows in some libraries' conversions.
    if (deadline == Clock::time_point::max())
      condition_.wait(lock, [this] { return signaled_; });
    else
      condition_.wait_until(lock, deadline, [this] { return signaled_; });
    signaled_ = false;
  }

  /** Runs what was handed over until there is no more; false if there was nothing. */
  bool run() {
    bool ran = false;
    for (;;) {
      Work work;
      {
        std::lock_guard lock(mutex_);
        if (work_.empty()) return ran;
        work = std::move(work_.front());
        work_.pop_front();
      }
      work();
      ran = true;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  std::deque<Work> work_;
  bool signaled_ = false;
};

}  // namespace millrace
