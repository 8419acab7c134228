// Lists of partitions, with offsets and metadata, between JavaScript and librdkafka.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "failure.h"
#include "raii.h"

namespace millrace {

using TopicPartition = std::pair<std::string, int32_t>;

/** What JavaScript says of a partition that it assigns or gives up; travels as the element's `opaque`. */
struct Marks {
  /** Comes back with all that is delivered of the partition. */
  uint32_t tag = 0;
  /** The number of the rebalance that gave the partition, if no other life of it is meant; below 2^31. */
  uint32_t given = 0;
  /** Its records overtake those of partitions without this mark. */
  bool first = false;
};
static_assert(sizeof(void*) == 8);

Marks marks_of(const rd_kafka_topic_partition_t& element);

/**
 * From an array of `{topic, partition, offset?, metadata?, tag?, given?, first?}`. Offsets may be negative: librdkafka's logical ones.
 * `otherwise` stands for an offset that is not given.
 */
PartitionList partitions_of(napi_env env, napi_value array, int64_t otherwise = RD_KAFKA_OFFSET_INVALID);

/** To an array of `{topic, partition, offset, metadata?, leaderEpoch?, error?}`. */
napi_value to_js(napi_env env, const rd_kafka_topic_partition_list_t* list);

/** The first failure of a single partition in the list, if there is one. */
Failure first_failure(const rd_kafka_topic_partition_list_t* list);

/** A list of plain partitions. */
template <typename Partitions>
PartitionList list_of(const Partitions& partitions) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second);
  return list;
}

/** For sentences: topic/partition. */
inline std::string name_of(const TopicPartition& partition) {
  return partition.first + "/" + std::to_string(partition.second);
}

inline TopicPartition key_of(const rd_kafka_topic_partition_t& element) {
  return {element.topic, element.partition};
}

}  // namespace millrace
