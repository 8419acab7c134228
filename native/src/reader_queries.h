// Questions to the brokers. They are asked all at once, and answered in any order by events on a queue.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "js_queue.h"
#include "mailbox.h"
#include "partitions.h"

namespace millrace {

/** The questions of one reader that are under way. Used on the reader's thread alone. */
class Queries {
 public:
  /** Answers arrive on `replies`. Neither is owned. */
  Queries(rd_kafka_t* client, rd_kafka_queue_t* replies) : client_(client), replies_(replies) {}

  using List = std::shared_ptr<rd_kafka_topic_partition_list_t>;

  /**
   * Committed offsets of `group`, with their metadata. An open transaction that could still change them is waited for
   * (KIP-447) while `stable`, within the limit.
   */
  void committed(Answer answer, std::string group, List list, bool stable, int limit_ms);

  /**
   * The offset that each element's `offset` describes: a timestamp in milliseconds, or a rd_kafka_OffsetSpec (earliest,
   * latest, largest timestamp). Under read_committed the latest is the last stable offset.
   */
  void offsets(Answer answer, const List& list, rd_kafka_IsolationLevel_t isolation, int limit_ms);

  /** How many partitions a topic has, or the failure that the cluster gives for it. */
  void partition_count(Answer answer, const std::string& topic, int limit_ms);

  /** An event of `replies`. */
  void take(rd_kafka_event_t* event);

  /** Asks again what is to be asked again by now, gives up what took too long; says when it wants to be called next. */
  Clock::time_point run_due();

  /** Nothing is under way afterwards. */
  void reject_all(const Failure& failure);

 private:
  struct Query {
    uintptr_t id;
    Answer answer;
    /** Reads the event that answers; true if that was the end of it. */
    std::function<bool(rd_kafka_event_t*, Query&)> read;
    /** Asks once more, at `again`. */
    std::function<void(Query&)> ask;
    Clock::time_point again = Clock::time_point::max();
    Clock::time_point until = Clock::time_point::max();
    /** librdkafka is not to end it when the time is over. */
    bool is_ended_here = false;
  };

  Query& open(Answer answer, int limit_ms);
  bool read_committed(rd_kafka_event_t* event, Query& query);

  rd_kafka_t* client_;
  rd_kafka_queue_t* replies_;
  uintptr_t ids_ = 0;
  /** librdkafka knows them by their numbers: it may still answer what was given up here. */
  std::map<uintptr_t, std::unique_ptr<Query>> open_;
};

}  // namespace millrace
