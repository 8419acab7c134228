// Questions to the brokers that block: they run as errands.
#pragma once

#include <string>

#include "js_queue.h"
#include "partitions.h"

namespace millrace {

/**
 * Committed offsets of `group`, with their metadata. An open transaction that could still change them is waited for
 * (KIP-447) while `stable`, within the limit.
 */
void read_committed_offsets(rd_kafka_t* client, Answer& answer, const std::string& group,
                            const rd_kafka_topic_partition_list_t* list, bool stable, int limit_ms);

/**
 * The offset that each element's `offset` describes: a timestamp in milliseconds, or a rd_kafka_OffsetSpec (earliest,
 * latest, largest timestamp). Under read_committed the latest is the last stable offset.
 */
void read_offsets(rd_kafka_t* client, Answer& answer, const rd_kafka_topic_partition_list_t* list,
                  rd_kafka_IsolationLevel_t isolation, int limit_ms);

/** How many partitions a topic has, or the failure that the cluster gives for it. */
void read_partition_count(rd_kafka_t* client, Answer& answer, const std::string& topic, int limit_ms);

}  // namespace millrace
