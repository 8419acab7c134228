#include "writer.h"

#include <algorithm>
#include <thread>

namespace millrace {

namespace {

/** How long a thread of JavaScript that ends, or the process, waits for the writer's thread. */
constexpr auto patience = std::chrono::milliseconds(1500);

/** How long the reports of purged records are waited for: librdkafka may hang in a look-up of names. */
constexpr auto purge_time = std::chrono::milliseconds(1000);

constexpr int everything = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING;

constexpr auto push_interval = std::chrono::milliseconds(50);

constexpr int most_events = 1000;

void wake(rd_kafka_t*, void* mailbox) { static_cast<Mailbox*>(mailbox)->signal(); }

}  // namespace

std::shared_ptr<Writer> Writer::open(std::shared_ptr<JsQueue> js, Settings settings, Listener listener,
                                     Failure& failure) {
  Conf conf = configure(settings, failure);
  if (conf == nullptr) return nullptr;
  rd_kafka_conf_set_events(conf.get(), client_event_types | RD_KAFKA_EVENT_DR);
  rd_kafka_t* client = open_client(RD_KAFKA_PRODUCER, std::move(conf), failure);
  if (client == nullptr) return nullptr;
  std::shared_ptr<Writer> writer(new Writer(std::move(js), std::move(listener)));
  writer->start(client);
  return writer;
}

void Writer::start(rd_kafka_t* client) {
  client_ = client;
  events_.reset(rd_kafka_queue_get_main(client));
  rd_kafka_set_log_queue(client, nullptr);
  rd_kafka_queue_cb_event_enable(events_.get(), wake, &mailbox_);
  // Nobody joins it: it keeps itself alive, and says when it is done.
  std::thread([self = shared_from_this()] { self->loop(); }).detach();
}

// --- On the JavaScript thread ---

Clock::time_point Writer::after(double limit_ms) {
  const double limit = limit_ms > 0 ? std::min(limit_ms, 1e9) : 0;
  return Clock::now() + std::chrono::microseconds(static_cast<int64_t>(limit * 1000));
}

void Writer::write(Answer answer, std::shared_ptr<Batch> batch) {
  if (closing_) return answer.reject(Failure::closed());
  batch->number = ++numbers_;
  batch->answer = std::move(answer);
  mailbox_.push([this, batch = std::move(batch)]() mutable {
    if (client_ == nullptr || close_asked_) return batch->answer.reject(Failure::closed());
    enter(std::move(batch));
  });
}

void Writer::transact(Answer answer, Transaction::Step step) {
  call(std::move(answer), [this, step](rd_kafka_t*, Answer& answer) { queue(step, std::move(answer)); });
}

void Writer::flush(Answer answer, double limit_ms) {
  call(std::move(answer), [this, number = numbers_, deadline = after(limit_ms)](rd_kafka_t*, Answer& answer) {
    flushes_.push_back({number, deadline, std::move(answer)});
    next_push_ = Clock::now();
  });
}

void Writer::purge(Answer answer) {
  call(std::move(answer), [this](rd_kafka_t*, Answer& answer) {
    fail_waiting(Failure::of(RD_KAFKA_RESP_ERR__PURGE_QUEUE), 0, false);
    purging_ = in_flight_ > 0;
    answer.settle(Failure::of(rd_kafka_purge(client_, everything)));
  });
}

void Writer::call(Answer answer, std::function<void(rd_kafka_t*, Answer&)> work) {
  if (closing_) return answer.reject(Failure::closed());
  auto shared = std::make_shared<Answer>(std::move(answer));
  mailbox_.push([this, shared, work = std::move(work)] {
    if (client_ == nullptr || close_asked_) return shared->reject(Failure::closed());
    work(client_, *shared);
  });
}

void Writer::close(Answer answer, double limit_ms) {
  closing_ = true;
  auto shared = std::make_shared<Answer>(std::move(answer));
  mailbox_.push([this, shared, until = after(limit_ms)] {
    if (client_ == nullptr) return shared->resolve();
    close_asked_ = true;
    next_push_ = Clock::now();
    close_until_ = std::min(close_until_, until);
    closers_.push_back(std::move(*shared));
  });
}

void Writer::forget() {
  closing_ = true;
  mailbox_.push([this] { close_asked_ = true; });
}

void Writer::abandon(napi_env env) {
  closing_ = hurry_ = abandoned_ = true;
  listener_.stop(env);
  js_->close();
  mailbox_.push([this] { close_asked_ = true; });
  std::unique_lock lock(ended_mutex_);
  ended_condition_.wait_for(lock, patience, [this] { return ended_; });
}

// --- On the writer's thread ---

void Writer::loop() {
  while (!is_over()) {
    mailbox_.run();
    const bool heard = take_events();
    const bool moved = take_turns();
    reject_late_steps();
    push_lingering();
    answer_flushes();
    close_transaction();
    if (!heard && !moved && !is_over()) mailbox_.wait(next_deadline());
  }
  shut_down();
  finish();
}

bool Writer::is_over() const {
  if (!close_asked_) return false;
  if (abandoned_ || Clock::now() >= close_until_) return true;
  return waiting_.empty() && !stepping_ && unanswered_.empty() && transaction_closed_;
}

Clock::time_point Writer::next_deadline() const {
  auto deadline = close_asked_ ? close_until_ : Clock::time_point::max();
  if (is_pushing()) deadline = std::min(deadline, next_push_);
  for (const Flush& flush : flushes_) deadline = std::min(deadline, flush.deadline);
  if (waiting_steps_ > 0)
    for (const Turn& turn : waiting_)
      if (turn.batch == nullptr) deadline = std::min(deadline, turn.step.deadline);
  return deadline;
}

/** One event after the other, up to a limit. True if there may be more. */
bool Writer::take_events() {
  for (int i = 0; i < most_events; i++) {
    Event event(rd_kafka_queue_poll(events_.get(), 0));
    if (event == nullptr) return false;
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR)
      take_reports(event.get());
    else if (auto make = client_event(client_, event.get()))
      listener_.tell(std::move(*make));
  }
  return true;
}

/** Somebody waits for the end of records that librdkafka has. */
bool Writer::is_pushing() const { return (close_asked_ || !flushes_.empty()) && in_flight_ > 0; }

/**
 * Ends librdkafka's lingering for the records that it could send just now; again and again, since connections
 * may be made meanwhile. Its own call would wait for the end of all records, and so for us.
 */
void Writer::push_lingering() {
  if (!is_pushing() || Clock::now() < next_push_) return;
  rd_kafka_flush(client_, 1);
  next_push_ = Clock::now() + push_interval;
}

void Writer::answer_flushes() {
  const uint64_t first = unanswered_.empty() ? UINT64_MAX : *unanswered_.begin();
  const bool is_timed = !flushes_.empty();
  const auto now = is_timed ? Clock::now() : Clock::time_point();
  flushes_.remove_if([&](Flush& flush) {
    if (first > flush.number)
      flush.answer.resolve();
    else if (now >= flush.deadline)
      flush.answer.reject(Failure::of(RD_KAFKA_RESP_ERR__TIMED_OUT, "Not all were acknowledged in time."));
    else
      return false;
    return true;
  });
}

/** Answers all that is left, by force if need be. */
void Writer::shut_down() {
  hurry_ = true;
  fail_waiting(Failure::closed());
  if (in_flight_ > 0) rd_kafka_purge(client_, everything);
  const auto until = Clock::now() + purge_time;
  while (in_flight_ > 0 && Clock::now() < until) {
    mailbox_.run();
    if (!take_events() && in_flight_ > 0) mailbox_.wait(until);
  }
  for (const auto& batch : slots_) {
    if (batch == nullptr || batch->is_done()) continue;
    batch->fail_from(0, Failure::closed(), true);
    // It keeps its slot: librdkafka's records point into its memory.
    batch->answer.resolve([batch](napi_env env) { return batch->result(env); });
  }
  for (Flush& flush : flushes_) flush.answer.reject(Failure::closed());
}

/** Everything that refers to the client goes before the client does, or its destruction waits for ever. */
void Writer::finish() {
  errands_.finish();
  mailbox_.run();
  rd_kafka_queue_cb_event_enable(events_.get(), nullptr, nullptr);
  for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
  rd_kafka_t* client = std::exchange(client_, nullptr);
  events_.reset();
  rd_kafka_destroy(client);
  slots_.clear();
  mailbox_.run();
  for (Answer& answer : closers_) answer.resolve();
  listener_.stop();
  js_->close();
  std::lock_guard lock(ended_mutex_);
  ended_ = true;
  ended_condition_.notify_all();
}

}  // namespace millrace
