// A producer with a thread of its own. The thread takes batches in the order of the calls and gives their
// records to librdkafka, waits while librdkafka's queue is full, and takes the delivery reports in. Calls of
// transactions stand in the same line as the batches, so that what was written before a commit is in it and
// what comes after is not; they run on another thread, because they block while delivery reports have to be
// taken in.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "batch.h"
#include "errands.h"
#include "js_queue.h"
#include "listener.h"
#include "partitions.h"
#include "settings.h"
#include "transaction.h"
#include "unpack_headers.h"

namespace millrace {

class Writer : public std::enable_shared_from_this<Writer> {
 public:
  /** On the JavaScript thread. Null with a failure where librdkafka refuses. */
  static std::shared_ptr<Writer> open(std::shared_ptr<JsQueue> js, Settings settings, Listener listener,
                                      Failure& failure);

  // What follows is called on the JavaScript thread.

  void write(Answer answer, std::shared_ptr<Batch> batch);
  void transact(Answer answer, Transaction::Step step);
  /** Answered when all that was written before the call is acknowledged or has failed. */
  void flush(Answer answer, double limit_ms);
  /** Fails all records that are not acknowledged yet, in librdkafka or before. */
  void purge(Answer answer);
  /** Runs `work`, which does not block, on the writer's thread. A closed writer rejects the answer. */
  void call(Answer answer, std::function<void(rd_kafka_t*, Answer&)> work);
  /** Answered when all of librdkafka's threads have ended. Records are waited for at most `limit_ms`. */
  void close(Answer answer, double limit_ms);
  /** JavaScript has lost the writer: it goes when all records are acknowledged or have failed. */
  void forget();
  /** The JavaScript thread ends. Waits a moment for the writer's. */
  void abandon(napi_env env);

  const std::shared_ptr<JsQueue>& js() const { return js_; }

  /** The moment in so many milliseconds, a few days from now at most. */
  static Clock::time_point after(double limit_ms);

 private:
  /** Either a batch or a step of a transaction. */
  struct Turn {
    std::shared_ptr<Batch> batch;
    Transaction::Step step;
    Answer answer;
  };
  struct Flush {
    uint64_t number;
    Clock::time_point deadline;
    Answer answer;
  };

  Writer(std::shared_ptr<JsQueue> js, Listener listener)
      : js_(std::move(js)), listener_(std::move(listener)) {}
  void start(rd_kafka_t* client);

  // What follows is called on the writer's thread.

  void loop();
  bool is_over() const;
  Clock::time_point next_deadline() const;
  void close_transaction();
  void shut_down();
  void finish();

  bool take_turns();
  bool hand_over(Batch& batch, size_t& budget);
  rd_kafka_resp_err_t hand_over(Batch& batch, size_t row, rd_kafka_topic_t* topic);
  Failure failure_of(rd_kafka_resp_err_t code, const char* detail);
  Failure refusal(rd_kafka_resp_err_t code, const Batch& batch, size_t row);
  rd_kafka_topic_t* topic_of(const std::string& name);
  void enter(std::shared_ptr<Batch> batch);
  void leave_if_done(Batch& batch);
  void fail_waiting(const Failure& failure, size_t from = 0, bool with_steps = true);
  void queue(Transaction::Step step, Answer answer);

  bool take_events();
  void take_reports(rd_kafka_event_t* event);
  void take_report(const rd_kafka_message_t* record);
  Failure fate_of(const rd_kafka_message_t* record);

  void step(Turn turn);
  void reject_late_steps();
  bool is_pushing() const;
  void push_lingering();
  void answer_flushes();

  std::shared_ptr<JsQueue> js_;
  const Listener listener_;
  Mailbox mailbox_;
  Errands errands_;
  std::atomic<bool> closing_ = false;
  std::atomic<bool> abandoned_ = false;
  /** Calls that block are to end soon. */
  std::atomic<bool> hurry_ = false;
  uint64_t numbers_ = 0;

  // On the writer's thread alone.
  rd_kafka_t* client_ = nullptr;
  Queue events_;
  std::map<std::string, rd_kafka_topic_t*> topics_;
  std::deque<Turn> waiting_;
  /** The batches that delivery reports can be about: a record's opaque is the slot and the row. */
  std::vector<std::shared_ptr<Batch>> slots_;
  std::vector<uint32_t> free_slots_;
  Transaction transaction_;
  bool stepping_ = false;
  /** Somebody wants the records under way to fail: not their fate, but the caller's wish. */
  bool aborting_ = false;
  bool purging_ = false;
  size_t waiting_steps_ = 0;
  bool is_full_ = false;
  /** How many records are librdkafka's. */
  size_t in_flight_ = 0;
  /** The numbers of the batches that are not answered. */
  std::set<uint64_t> unanswered_;
  std::list<Flush> flushes_;
  Clock::time_point next_push_;
  std::list<Answer> closers_;
  Clock::time_point close_until_ = Clock::time_point::max();
  bool close_asked_ = false;
  bool transaction_closed_ = false;

  // The end, for those who wait for it.
  std::mutex ended_mutex_;
  std::condition_variable ended_condition_;
  bool ended_ = false;
};

/** The class `Writer` of the addon. */
napi_value writer_class(napi_env env);

}  // namespace millrace
