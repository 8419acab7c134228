// The line of a writer: batches and steps of transactions, one after the other.
#include "writer.h"

namespace millrace {

namespace {

/** Delivery reports are looked at after as many records at the latest. */
constexpr size_t most_at_once = 10'000;

static_assert(sizeof(void*) == 8, "a slot and a row have to fit into a pointer");

void* opaque_of(uint32_t slot, size_t row) {
  return reinterpret_cast<void*>(uint64_t{slot} << 32 | static_cast<uint32_t>(row));
}

}  // namespace

void Writer::enter(std::shared_ptr<Batch> batch) {
  if (batch->is_done()) return batch->answer.resolve([batch](napi_env env) { return batch->result(env); });
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  batch->slot = free_slots_.back();
  free_slots_.pop_back();
  unanswered_.insert(batch->number);
  slots_[batch->slot] = batch;
  waiting_.push_back({std::move(batch), {}, {}});
}

/** Answers a batch when all its records are answered. */
void Writer::leave_if_done(Batch& done) {
  if (!done.is_done()) return;
  unanswered_.erase(done.number);
  free_slots_.push_back(done.slot);
  auto batch = std::move(slots_[done.slot]);
  batch->answer.resolve([batch](napi_env env) { return batch->result(env); });
}

/** Fails what stands in line from a place on. */
void Writer::fail_waiting(const Failure& failure, size_t from, bool with_steps) {
  std::deque<Turn> kept;
  for (Turn& turn : waiting_) {
    if (from > 0 || (turn.batch == nullptr && !with_steps)) {
      kept.push_back(std::move(turn));
      if (from > 0) from--;
    } else if (turn.batch == nullptr) {
      turn.answer.reject(failure);
      waiting_steps_--;
    } else {
      turn.batch->fail_from(turn.batch->next, failure, false);
      leave_if_done(*turn.batch);
    }
  }
  waiting_ = std::move(kept);
}

/** An abort goes past all that stands in line since its transaction's beginning. */
void Writer::queue(Transaction::Step step, Answer answer) {
  if (step.kind == Transaction::Kind::abort) {
    auto begins = [](const Turn& turn) {
      return turn.batch == nullptr && turn.step.kind == Transaction::Kind::begin;
    };
    size_t from = waiting_.size();
    while (from > 0 && !begins(waiting_[from - 1])) from--;
    fail_waiting(Failure::of(RD_KAFKA_RESP_ERR__PURGE_QUEUE, "The transaction is aborted."), from);
    aborting_ = true;
  }
  waiting_.push_back({nullptr, step, std::move(answer)});
  waiting_steps_++;
}

/** True if there is more to be done at once. */
bool Writer::take_turns() {
  size_t budget = most_at_once;
  while (!waiting_.empty() && !stepping_ && !is_full_ && budget > 0) {
    Turn& turn = waiting_.front();
    if (turn.batch == nullptr) {
      Turn next = std::move(turn);
      waiting_.pop_front();
      waiting_steps_--;
      step(std::move(next));
    } else if (hand_over(*turn.batch, budget)) {
      auto batch = std::move(turn.batch);
      waiting_.pop_front();
      leave_if_done(*batch);
    }
  }
  return budget == 0;
}

/** True when librdkafka has seen all of its records. Full queues end it before. */
bool Writer::hand_over(Batch& batch, size_t& budget) {
  rd_kafka_topic_t* topic = topic_of(batch.topic);
  if (topic == nullptr) {
    Failure refused = Failure::of(rd_kafka_last_error(), "The topic's name is refused: " + batch.topic);
    batch.fail_from(batch.next, refused, false);
    return true;
  }
  for (; batch.next < batch.count() && budget > 0; batch.next++, budget--) {
    const auto code = hand_over(batch, batch.next, topic);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      in_flight_++;
    } else if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && in_flight_ > 0) {
      is_full_ = true;
      return false;
    } else {
      batch.fail(batch.next, refusal(code, batch, batch.next));
    }
  }
  return batch.next == batch.count();
}

rd_kafka_resp_err_t Writer::hand_over(Batch& batch, size_t row, rd_kafka_topic_t* topic) {
  const Range key = batch.columns.part(row, Columns::key);
  const Range value = batch.columns.part(row, Columns::value);
  const Range packed = batch.columns.part(row, Columns::headers);
  const int32_t partition = batch.columns.partitions()[row];
  if (partition < RD_KAFKA_PARTITION_UA) return RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
  Headers headers;
  if (!unpack_headers(packed.data, packed.data + packed.length, headers)) return RD_KAFKA_RESP_ERR__BAD_MSG;
  // No copy of the value: it stays where it is until the record is acknowledged, and the batch with it.
  const auto code = rd_kafka_producev(
      client_, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(0),
      RD_KAFKA_V_KEY(key.data, key.length), RD_KAFKA_V_VALUE(value.data, value.length),
      RD_KAFKA_V_TIMESTAMP(batch.columns.timestamp(row)), RD_KAFKA_V_OPAQUE(opaque_of(batch.slot, row)),
      RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) headers.release();
  return code;
}

/** Why librdkafka did not take a record, in a sentence. */
Failure Writer::refusal(rd_kafka_resp_err_t code, const Batch& batch, size_t row) {
  Failure failure = failure_of(code, "");
  switch (code) {
    case RD_KAFKA_RESP_ERR__STATE:
      failure.abortable = transaction_.is_open();
      failure.message = transaction_.is_open()
                            ? "The transaction has failed and takes no more records: abort it."
                            : "Records are written within a transaction: begin one first.";
      break;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
      failure.message = "The headers of row " + std::to_string(row) + " are damaged.";
      break;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      failure.code = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
      failure.message = "A record is larger than the whole queue: raise queue.buffering.max.kbytes.";
      break;
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      failure.message =
          batch.topic + " has no partition " + std::to_string(batch.columns.partitions()[row]) + ".";
      break;
    default:
      break;
  }
  return failure;
}

/** A fatal error is reported by a code that says only that: the cause is asked for separately. */
Failure Writer::failure_of(rd_kafka_resp_err_t code, const char* detail) {
  Failure failure = Failure::of(code);
  if (detail[0] != '\0') failure.message += std::string(": ") + detail;
  if (code != RD_KAFKA_RESP_ERR__FATAL) return failure;
  char reason[512];
  failure.code = rd_kafka_fatal_error(client_, reason, sizeof reason);
  failure.message = reason;
  failure.fatal = true;
  return failure;
}

rd_kafka_topic_t* Writer::topic_of(const std::string& name) {
  rd_kafka_topic_t*& topic = topics_[name];
  if (topic == nullptr) topic = rd_kafka_topic_new(client_, name.c_str(), nullptr);
  return topic;
}

void Writer::take_reports(rd_kafka_event_t* event) {
  while (const rd_kafka_message_t* record = rd_kafka_event_message_next(event)) take_report(record);
  is_full_ = false;
}

void Writer::take_report(const rd_kafka_message_t* record) {
  const auto opaque = reinterpret_cast<uint64_t>(record->_private);
  Batch& batch = *slots_[opaque >> 32];
  const auto row = static_cast<uint32_t>(opaque);
  in_flight_--;
  if (record->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    batch.succeed(row, record->partition, record->offset);
  } else {
    const bool maybe = rd_kafka_message_status(record) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED;
    batch.fail(row, fate_of(record), maybe);
  }
  if (in_flight_ == 0) purging_ = false;
  if (batch.is_done()) leave_if_done(batch);
}

/** Why a record failed. Librdkafka also purges when the client or the transaction fails, and says no more. */
Failure Writer::fate_of(const rd_kafka_message_t* record) {
  const bool is_purged =
      record->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || record->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (is_purged && rd_kafka_fatal_error(client_, nullptr, 0)) return failure_of(RD_KAFKA_RESP_ERR__FATAL, "");
  const char* detail = rd_kafka_message_produce_errstr(record);
  Failure failure = failure_of(record->err, detail == nullptr ? "" : detail);
  if (is_purged && transaction_.is_open() && !aborting_ && !purging_ && !close_asked_) {
    failure.abortable = true;
    failure.message = "The transaction has failed before this record was sent: abort it.";
  }
  return failure;
}

void Writer::step(Turn turn) {
  stepping_ = true;
  auto answer = std::make_shared<Answer>(std::move(turn.answer));
  errands_.run([this, answer, step = turn.step] {
    Failure failure = Transaction::run(client_, step, hurry_);
    mailbox_.push([this, answer, step, failure] {
      stepping_ = false;
      if (step.kind == Transaction::Kind::abort) aborting_ = false;
      transaction_.ended(step.kind, failure);
      answer->settle(failure);
    });
  });
}

/** Steps that wait in line behind records which librdkafka has no room for. */
void Writer::reject_late_steps() {
  if (waiting_steps_ == 0) return;
  const auto now = Clock::now();
  std::erase_if(waiting_, [&](Turn& turn) {
    if (turn.batch != nullptr || now < turn.step.deadline) return false;
    auto late = Failure::of(RD_KAFKA_RESP_ERR__TIMED_OUT, "The records before it did not get out in time.");
    late.retriable = true;
    turn.answer.reject(std::move(late));
    if (turn.step.kind == Transaction::Kind::abort) aborting_ = false;
    waiting_steps_--;
    return true;
  });
}

/** Once, when all that was called before the close has had its turn. */
void Writer::close_transaction() {
  if (!close_asked_ || transaction_closed_ || stepping_ || !waiting_.empty()) return;
  transaction_closed_ = true;
  if (const auto kind = transaction_.loose_end()) step({nullptr, {*kind, close_until_, nullptr}, {}});
}

}  // namespace millrace
