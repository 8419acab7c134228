// A batch of records of one topic, from the call that writes it until each of its records is acknowledged or
// has failed.
#pragma once

#include <rdkafka.h>

#include <memory>
#include <string>
#include <vector>

#include "columns.h"
#include "js_queue.h"

namespace millrace {

class Batch {
 public:
  Batch(std::string topic, Columns columns)
      : topic(std::move(topic)), columns(std::move(columns)), left_(count()) {}

  const std::string topic;
  const Columns columns;
  Answer answer;
  /** Batches are numbered in the order of the calls. */
  uint64_t number = 0;
  /** The first row that librdkafka has not taken over. */
  size_t next = 0;
  /** Where delivery reports find it, once there can be any. */
  uint32_t slot = 0;

  size_t count() const { return columns.count(); }
  bool is_done() const { return left_ == 0; }

  void succeed(size_t row, int32_t partition, int64_t offset) {
    columns.partitions()[row] = partition;
    columns.offsets()[row] = static_cast<double>(offset);
    left_--;
  }

  /** `maybe`: the record may have been written all the same. Failures of one code share a sentence. */
  void fail(size_t row, const Failure& failure, bool maybe = false);

  /** Fails the rows that have no answer yet: those that librdkafka has not taken over, or all of them. */
  void fail_from(size_t row, const Failure& failure, bool maybe);

  /**
   * `{partitions, offsets, rows, causes, errors, maybe}`: `rows` failed, row `rows[i]` by
   * `errors[causes[i]]`, and `maybe[causes[i]]` says whether it may have been written all the same.
   */
  napi_value result(napi_env env) const;

 private:
  struct Cause {
    Failure failure;
    bool maybe;

    bool is(const Failure& other, bool maybe_too) const {
      return failure.code == other.code && failure.abortable == other.abortable && maybe == maybe_too;
    }
  };

  size_t left_;
  std::vector<Cause> causes_;
  std::vector<int32_t> failed_rows_, failed_causes_;
};

}  // namespace millrace
