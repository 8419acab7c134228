// A consumer with a thread of its own, which takes records off librdkafka's queue, packs them, and hands them over when
// JavaScript asks. Two queues are kept apart: data (records, ends of partitions) and events (rebalances, errors, logs), so
// that a caller who wants no records still hears of everything. Both are looked at only while JavaScript asks, but for one
// batch that is prepared ahead: max.poll.interval.ms therefore watches over the JavaScript that processes the records.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <variant>
#include <vector>

#include "assignment.h"
#include "client_events.h"
#include "heartbeats.h"
#include "js_queue.h"
#include "mailbox.h"
#include "pack.h"
#include "reader_queries.h"
#include "settings.h"

namespace millrace {

struct ReaderOptions {
  /** About how many bytes of records are packed at once, and how many records at most. */
  size_t batch_bytes = 1024 * 1024;
  size_t batch_records = 10000;
};

class Reader : public std::enable_shared_from_this<Reader> {
 public:
  /** On the JavaScript thread. Null with a failure where librdkafka refuses. */
  static std::shared_ptr<Reader> open(napi_env env, Settings settings, ReaderOptions options,
                                      Failure& failure);

  // What follows is called on the JavaScript thread.

  /** `first_bytes` of partitions that are marked `first`, and then `max_bytes` of the others. */
  void poll(Answer answer, size_t max_bytes, size_t first_bytes, double wait_ms);

  /** Runs `work` on the reader's thread, unless the reader is closed: then the answer is rejected. */
  void order(Answer answer, std::function<void(Reader&, Answer&)> work);

  /** Leaves the group if `leave_ms` suffices, and ends. The answer comes when all of librdkafka's threads have ended. */
  void close(Answer answer, double leave_ms);

  /** Nobody in JavaScript knows it any more: it ends without leaving. */
  void abandon();

  /** A moment of patience for the end, while the JavaScript thread itself ends. */
  void await_end();

  const std::shared_ptr<JsQueue>& js() const { return js_; }

  // What follows is called on the reader's thread, by work that was ordered.

  rd_kafka_t* client() { return client_; }
  Queries& queries() { return *queries_; }
  void subscribe(const rd_kafka_topic_partition_list_t* topics, Answer& answer);
  void unassign(const rd_kafka_topic_partition_list_t* list, Answer& answer);
  void pause(const rd_kafka_topic_partition_list_t* list);
  void resume(const rd_kafka_topic_partition_list_t* list);
  void seek(const rd_kafka_topic_partition_list_t* list, Answer& answer);
  void assign(const rd_kafka_topic_partition_list_t* list, Answer& answer);
  /** Where each partition goes on for JavaScript: before what is packed but was not handed over. */
  void position(rd_kafka_topic_partition_list_t* list);
  /** `expected` rebalances, if it is not negative: after others the partitions may be another member's. */
  void commit(const rd_kafka_topic_partition_list_t* list, double expected, Answer answer);
  double rebalances();

 private:
  struct Request {
    Answer answer;
    size_t max_bytes = 0;
    size_t first_bytes = 0;
    Clock::time_point deadline;
  };

  /** Records on their way, from librdkafka's queue to the next request. */
  struct Lane {
    Queue queue;
    std::deque<Part> ready;
    size_t ready_bytes = 0;
    /** The queue had as much as was wanted of it. */
    bool more = false;

    void put(Part part);
    void put_back(Part part);
    Part take();
    void forget(const std::function<bool(const Part&)>& gone);
    /** Moves parts over, up to the size asked for, but at least one if any were asked for. */
    void give(size_t bytes, std::vector<Part>& parts);
  };

  Reader(napi_env env, ReaderOptions options);
  void start(rd_kafka_t* client);
  void watch(const Queue& queue);

  void loop();
  bool serve();
  bool prepare(Lane& lane);
  void fill(Lane& lane, size_t bytes);
  Lane& lane_of(const TopicPartition& partition) { return assignment_->first(partition) ? first_ : data_; }
  void hear_error(rd_kafka_resp_err_t code, const std::string& reason);
  void take(size_t got);
  void keep(Part part);
  void put(Part part);
  void forget(const rd_kafka_topic_partition_list_t* list);
  void take_events(rd_kafka_queue_t* queue);
  void take_event(Event event);
  void rebalance(rd_kafka_event_t* event);
  Failure apart_from_revocations(const std::function<Failure()>& change);
  void take_replies();
  void take_commit(rd_kafka_event_t* event);
  void answer_request();

  bool is_joining() const;
  void leave();
  void finish();

  const ReaderOptions options_;
  std::shared_ptr<JsQueue> js_;
  Mailbox mailbox_;
  std::atomic<bool> closing_ = false;
  std::atomic<bool> abandoned_ = false;

  // On the reader's thread alone.
  rd_kafka_t* client_ = nullptr;
  Queue events_, replies_, last_words_;
  /** What is marked `first` overtakes the rest. */
  Lane first_, data_;
  std::unique_ptr<Assignment> assignment_;
  std::unique_ptr<Queries> queries_;
  std::unique_ptr<Request> request_;
  /** Heard so far. */
  double rebalances_ = 0;
  /** A revocation that is heard now may have its answer already. */
  bool already_answered_ = false;
  /** Of KIP-848. */
  bool meets_first_ = false;
  /** What was subscribed to so far, and left: only the last one counts. */
  uint64_t subscriptions_ = 0;
  Heartbeats heartbeats_;
  std::list<Answer> closers_;
  Clock::time_point leave_until_ = Clock::time_point::max();
  bool close_asked_ = false;
  std::vector<MakeEvent> told_;
  /** Packed before their partition was paused. */
  std::map<TopicPartition, std::deque<Part>> kept_;
  std::vector<rd_kafka_message_t*> taken_;
  /** Heard while records were taken. */
  std::vector<Broken> heard_;
  size_t bytes_per_record_ = 1024;
  /** Commits under way: librdkafka knows them by their address. */
  std::map<Answer*, std::unique_ptr<Answer>> commits_;

  // The end, for those who wait for it.
  std::mutex ended_mutex_;
  std::condition_variable ended_condition_;
  bool ended_ = false;
};

/** The class `Reader` of the addon. */
napi_value reader_class(napi_env env);

}  // namespace millrace
