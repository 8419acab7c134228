// From librdkafka's list of records to runs of one partition each, packed into columns: the one copy that is made.
#pragma once

#include <rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "failure.h"
#include "partitions.h"
#include "slab.h"

namespace millrace {

/**
 * Records of one partition in a slab: at `columns` the offsets and timestamps (8 bytes each), then the starts and ends of
 * keys, values and headers (4 bytes each), all of them relative to `bytes`. A start of -1 is null.
 */
struct Run {
  TopicPartition partition;
  std::shared_ptr<Slab> slab;
  size_t count = 0;
  size_t columns = 0;
  size_t bytes = 0;
  size_t length = 0;
  uint32_t tag = 0;
};

/** All that there was, up to `offset`, has been delivered. */
struct End {
  TopicPartition partition;
  int64_t offset = 0;
  uint32_t tag = 0;
};

/** A partition cannot be read on. */
struct Broken {
  TopicPartition partition;
  int64_t offset = 0;
  Failure failure;
  uint32_t tag = 0;
};

using Part = std::variant<Run, End, Broken>;

inline const TopicPartition& partition_of(const Part& part) {
  return std::visit([](const auto& one) -> const TopicPartition& { return one.partition; }, part);
}

/** Takes over `records`: all of them are destroyed. Order is kept within each partition. */
std::vector<Part> pack(rd_kafka_message_t** records, size_t count);

int64_t offset_at(const Run& run, size_t row);

/** How many of the first rows lie before `offset`. */
size_t rows_before(const Run& run, int64_t offset);

/** The rows from `row` on, in a slab of their own, so that they do not hold their neighbors' memory. */
Run from_row(const Run& run, size_t row);

}  // namespace millrace
