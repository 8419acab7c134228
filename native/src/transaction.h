// Transactions: the calls of librdkafka that block, and what is known of where the transaction stands.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "failure.h"
#include "mailbox.h"
#include "raii.h"

namespace millrace {

class Transaction {
 public:
  enum class Kind { initialize, begin, send_offsets, commit, abort };

  /** Offsets of a consumer group, to be committed with the transaction. */
  struct Offsets {
    PartitionList list;
    GroupMetadata group;
  };

  struct Step {
    Kind kind = Kind::begin;
    Clock::time_point deadline;
    std::shared_ptr<Offsets> offsets;
  };

  /**
   * Blocks until the deadline. Where a call may be continued by calling it again it is made in slices, so
   * that `hurry` ends it soon.
   */
  static Failure run(rd_kafka_t* client, const Step& step, const std::atomic<bool>& hurry);

  /** What a step has led to. */
  void ended(Kind kind, const Failure& failure);

  bool is_open() const { return open_; }

  /** What is left to do before the client can go: an abort, or a commit whose outcome is not known. */
  std::optional<Kind> loose_end() const { return loose_end_; }

 private:
  bool open_ = false;
  std::optional<Kind> loose_end_;
};

}  // namespace millrace
