// A batch on its way to librdkafka: a copy of JavaScript's columns and bytes, checked. The copy is the only
// one: librdkafka's records point into it until they are acknowledged, and JavaScript may use its buffers
// again at once. Bytes that a reader has packed are not copied at all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "js.h"
#include "slab.h"

namespace millrace {

/** Where a part of a record lies; `data` is null for null, and never null for empty. */
struct Range {
  uint8_t* data = nullptr;
  size_t length = 0;
};

class Columns {
 public:
  enum Part { key, value, headers };

  /**
   * From `(count, bytes, timestamps, keyStarts, keyEnds, valueStarts, valueEnds, headerStarts, headerEnds,
   * partitions)`, the last a number for all rows or an Int32Array. False, and `problem` says what, where they
   * do not fit together: nothing outside of them is ever read.
   */
  bool take(napi_env env, const napi_value* arguments, std::string& problem);

  static constexpr size_t arguments = 10;

  size_t count() const { return count_; }

  Range part(size_t row, Part part) const {
    const int32_t start = starts_[2 * part * count_ + row];
    if (start < 0) return {};
    return {bytes_ + start, static_cast<size_t>(starts_[(2 * part + 1) * count_ + row] - start)};
  }

  /** Milliseconds since 1970; 0 where librdkafka shall take the time of now. */
  int64_t timestamp(size_t row) const {
    const double time = timestamps_[row];
    return time > 0 && time < 9007199254740992.0 ? static_cast<int64_t>(time) : 0;
  }

  /** First the wanted partitions (-1 = by key), then those that the records went to. */
  int32_t* partitions() const { return partitions_; }
  static constexpr double unanswered = -2;

  /** The offsets that the records got; `unanswered` at first. */
  double* offsets() const { return offsets_; }

 private:
  struct Source;

  bool reserve(size_t bytes);
  void place(const Source& source);
  bool check(size_t size, std::string& problem) const;
  bool gather(const Source& source, size_t room);

  size_t count_ = 0;
  std::shared_ptr<uint8_t> memory_;
  /** The slab that the bytes lie in, where they are not in `memory_`. */
  std::shared_ptr<Slab> shared_;
  double* timestamps_ = nullptr;
  double* offsets_ = nullptr;
  /** Six columns: starts and ends of keys, of values, of headers. */
  int32_t* starts_ = nullptr;
  int32_t* partitions_ = nullptr;
  uint8_t* bytes_ = nullptr;
};

}  // namespace millrace
