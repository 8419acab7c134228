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
  /** Records of partitions that are marked `first` go to the queue `first`, all others to `data`. None is owned. */
  Assignment(rd_kafka_t* client, rd_kafka_queue_t* data, rd_kafka_queue_t* first)
      : client_(client), data_(data), first_(first) {}

  /**
   * The group gives these. It is answered at once, and they wait until they are assigned: librdkafka stops all other
   * partitions until it has its answer, and what is given may be asked back before anybody has come to begin with it.
   */
  Failure give(const rd_kafka_topic_partition_list_t* list, uint32_t rebalance);

  /** The group asks to revoke these; answered at once if none of them was given. */
  Failure revoke(const rd_kafka_topic_partition_list_t* list);

  /** These are another member's already: unassigned at once. */
  Failure lose(const rd_kafka_topic_partition_list_t* list);

  /**
   * Begins to read, each at its offset. Those that are read already go on, from the new offset if one is given. What
   * another rebalance gave than the element's mark says is refused as lost.
   */
  Failure assign(const rd_kafka_topic_partition_list_t* list);

  /** Stops reading. Others than those that are assigned, or that another rebalance gave, are ignored. */
  Failure unassign(const rd_kafka_topic_partition_list_t* list);

  /** Lets go of everything; whatever the group waits for is answered, once the client was told to close. */
  void give_up();

  /** Keeps the records of these in their own queues, where prefetched ones stay. */
  void pause(const rd_kafka_topic_partition_list_t* list);
  void resume(const rd_kafka_topic_partition_list_t* list);

  /** Goes on elsewhere; also with a partition that has not begun yet, or cannot be read on. */
  Failure seek(const rd_kafka_topic_partition_list_t* list);

  /** Begun, not on its way out, and not broken: its records are to be delivered. */
  bool wanted(const TopicPartition& partition) const;
  bool paused(const TopicPartition& partition) const;
  /** Its records overtake others. */
  bool first(const TopicPartition& partition) const;

  /** The partition cannot be read on, until it is assigned anew. */
  void set_broken(const TopicPartition& partition);

  /** Everything before this offset was packed or does not exist; `at_end` where there is nothing more yet. */
  void set_reached(const TopicPartition& partition, int64_t offset, bool at_end = false);
  /** What the caller said when it began. */
  uint32_t tag(const TopicPartition& partition) const;
  /** The offset that comes next, RD_KAFKA_OFFSET_INVALID before the first record. */
  int64_t reached(const TopicPartition& partition) const;

  /** The group rebalances: to be called before it is answered. */
  void keep_positions();

  /** Whether something was unassigned incrementally for which no group had asked, since this was asked last. */
  bool take_unasked() { return std::exchange(unasked_, false); }

  /** The group's protocol as it was when it last said so: "EAGER", "COOPERATIVE" or "NONE". */
  const std::string& protocol();

  /** Lets go of all queues, so that the client may be destroyed. */
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    Queue queue;
    int64_t start = RD_KAFKA_OFFSET_INVALID;
    int64_t reached = RD_KAFKA_OFFSET_INVALID;
    uint32_t tag = 0;
    /** By which rebalance. */
    uint32_t given = 0;
    bool paused = false;
    bool first = false;
    /** Given by the group and not begun yet: librdkafka does not read it. */
    bool waiting = false;
    bool leaving = false;
    bool broken = false;
    bool at_end = false;
  };

  bool eager() { return protocol() == "EAGER"; }
  void open(const TopicPartition& partition, int64_t offset);
  void connect(const TopicPartition& partition, Entry& entry);
  void forward(const Entry& entry);
  Failure reconnect(Failure assigned);
  void go_to(const TopicPartition& partition, int64_t offset);
  Failure adopt(const TopicPartition& partition);
  Failure erase(const std::set<TopicPartition>& partitions, bool asked);
  Failure restart(const rd_kafka_topic_partition_list_t* list);
  Failure replace_all();
  Failure release_all();
  Failure answer_revocation();
  Failure add_all(const rd_kafka_topic_partition_list_t* list);
  Failure subtract(const std::set<TopicPartition>& partitions);

  rd_kafka_t* client_;
  rd_kafka_queue_t* data_;
  rd_kafka_queue_t* first_;
  std::map<TopicPartition, Entry> entries_;
  std::string protocol_ = "NONE";

  bool unasked_ = false;
  bool revoking_ = false;
  /** What the group wants back, and what of it still is to be given up. */
  std::set<TopicPartition> revoked_, owed_;
  /** What was given up meanwhile, the group's or not. */
  std::set<TopicPartition> given_up_;
};

}  // namespace millrace
