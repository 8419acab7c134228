// Which partitions a reader reads: the group's, and those that were added by hand. Used on the reader's thread alone.
#pragma once

#include <map>
#include <set>
#include <string>

#include "partitions.h"

namespace millrace {

/**
 * The group asks for an assignment or a revocation and waits for the answer, which is one call of librdkafka, and differs
 * by protocol. Callers need not care: they assign and unassign what they like, when they like, and this class knows when
 * the group has its answer. A revocation is answered when the last of its partitions was given up; until then nothing is
 * unassigned, because the first incremental unassign would already count as the answer. Sources: KIP-429, KIP-848,
 * rd_kafka_cgrp_handle_assign_op.
 */
class Assignment {
 public:
  /** Records of all partitions go to the queue `data`. Neither is owned. */
  Assignment(rd_kafka_t* client, rd_kafka_queue_t* data) : client_(client), data_(data) {}

  /** The group asks to revoke these; answered at once if none of them is assigned. */
  Failure revoke(const rd_kafka_topic_partition_list_t* list);

  /** These are another member's already: unassigned at once. */
  Failure lose(const rd_kafka_topic_partition_list_t* list);

  /** Begins to read, each at its offset. Those that are read already go on, from the new offset if one is given. */
  Failure assign(const rd_kafka_topic_partition_list_t* list);

  /** Stops reading. Others than those that are assigned are ignored. */
  Failure unassign(const rd_kafka_topic_partition_list_t* list);

  /** Answers whatever the group waits for by giving up everything. */
  Failure give_up();

  /** Keeps the records of these in their own queues, where prefetched ones stay. */
  void pause(const rd_kafka_topic_partition_list_t* list);
  void resume(const rd_kafka_topic_partition_list_t* list);

  Failure seek(const rd_kafka_topic_partition_list_t* list);

  bool assigned(const TopicPartition& partition) const { return entries_.contains(partition); }
  /** Assigned, and not on its way out. */
  bool wanted(const TopicPartition& partition) const;
  bool paused(const TopicPartition& partition) const;
  bool revoking() const { return revoking_; }

  /** The group's protocol as it was when it last said so: "EAGER", "COOPERATIVE" or "NONE". */
  const std::string& protocol();

  /** Lets go of all queues, so that the client may be destroyed. */
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    Queue queue;
    int64_t start = RD_KAFKA_OFFSET_INVALID;
    bool paused = false;
    bool leaving = false;
  };

  bool eager() { return protocol() == "EAGER"; }
  Failure replace_all();
  Failure answer_revocation();
  Failure subtract(const std::set<TopicPartition>& partitions);

  rd_kafka_t* client_;
  rd_kafka_queue_t* data_;
  std::map<TopicPartition, Entry> entries_;
  std::string protocol_ = "NONE";

  bool revoking_ = false;
  /** What the group wants back and still is to be given up. */
  std::set<TopicPartition> owed_;
  /** What was given up meanwhile, the group's or not. */
  std::set<TopicPartition> given_up_;
};

}  // namespace millrace
