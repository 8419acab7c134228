// Questions to the brokers. They are asked all at once, and answered in any order by events on a queue.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "committed.h"
#include "errands.h"
#include "js_queue.h"
#include "mailbox.h"
#include "partitions.h"

namespace millrace {

/** The questions of one reader that are under way. Used on the reader's thread alone. */
class Queries {
 public:
  /** Answers arrive on `replies` or, from threads of its own, in `mailbox`. None is owned. */
  Queries(rd_kafka_t* client, rd_kafka_queue_t* replies, Mailbox& mailbox)
      : client_(client), replies_(replies), mailbox_(mailbox) {}

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

  /**
   * Makes the client know these topics, and calls `then`; regular expressions are left out. Brokers that are away are waited
   * for. What the cluster says of a topic is no matter here: whoever reads it is told.
   */
  void meet(const List& topics, std::function<void()> then);

  /** An event of `replies`. */
  void take(rd_kafka_event_t* event);

  /** Gives up what took too long; says when it wants to be called next. */
  Clock::time_point give_up();

  /** Nothing that was asked is open afterwards. */
  void reject_all(const Failure& failure);

  /** Goes to other clients that are made for questions. */
  void remember(Token token) { token_ = std::move(token); }

  /** Rejects what is open, and lets go of the client. Nothing may be asked afterwards. */
  void finish();

 private:
  struct Query {
    uintptr_t id;
    Answer answer;
    /** Reads the event that answers. */
    std::function<void(rd_kafka_event_t*, Answer&)> read;
    Clock::time_point until = Clock::time_point::max();
    /** Nothing else ends it when the time is over. */
    bool is_ended_here = false;
  };

  Query& open(Answer answer, int limit_ms);
  rd_kafka_t* client_;
  rd_kafka_queue_t* replies_;
  Mailbox& mailbox_;
  Errands errands_;
  std::atomic<bool> hurry_ = false;
  std::optional<Token> token_;
  uintptr_t ids_ = 0;
  /** librdkafka knows them by their numbers: it may still answer what was given up here. */
  std::map<uintptr_t, std::unique_ptr<Query>> open_;
};

}  // namespace millrace
