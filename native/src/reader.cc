#include "reader.h"

#include <algorithm>
#include <thread>

namespace millrace {

namespace {

/** A waiting poll still tells librdkafka once in a while that somebody is there (max.poll.interval.ms). */
constexpr auto heartbeat = std::chrono::milliseconds(1000);

/** How long a thread of JavaScript that ends, or the process, waits for the reader's thread. */
constexpr auto patience = std::chrono::milliseconds(1500);

void wake(rd_kafka_t*, void* mailbox) { static_cast<Mailbox*>(mailbox)->signal(); }

std::string setting(const Conf& conf, const char* name) {
  char value[64] = "";
  size_t size = sizeof value;
  rd_kafka_conf_get(conf.get(), name, value, &size);
  return value;
}

}  // namespace

Reader::Reader(napi_env env, ReaderOptions options)
    : options_(options), js_(JsQueue::create(env, "reader")), taken_(options.batch_records) {}

std::shared_ptr<Reader> Reader::open(napi_env env, Settings settings, ReaderOptions options,
                                     Failure& failure) {
  Conf conf = configure(settings, failure);
  if (conf == nullptr) return nullptr;
  rd_kafka_conf_set_events(conf.get(),
                           client_event_types | RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT);
  std::shared_ptr<Reader> reader(new Reader(env, options));
  reader->meets_first_ = setting(conf, "group.protocol") == "consumer";
  if (reader->meets_first_) reader->heartbeats_.watch(conf.get());
  // Some errors of partitions come by this way alone, while records are taken.
  rd_kafka_conf_set_opaque(conf.get(), reader.get());
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* self) {
    static_cast<Reader*>(self)->hear_error(static_cast<rd_kafka_resp_err_t>(code), reason);
  });
  rd_kafka_t* client = open_client(RD_KAFKA_CONSUMER, std::move(conf), failure);
  if (client == nullptr) {
    reader->js_->close();
    return nullptr;
  }
  reader->start(client);
  return reader;
}

void Reader::watch(const Queue& queue) { rd_kafka_queue_cb_event_enable(queue.get(), wake, &mailbox_); }

void Reader::start(rd_kafka_t* client) {
  client_ = client;
  rd_kafka_poll_set_consumer(client);
  events_.reset(rd_kafka_queue_get_consumer(client));
  for (Lane* lane : {&first_, &data_}) lane->queue.reset(rd_kafka_queue_new(client));
  replies_.reset(rd_kafka_queue_new(client));
  rd_kafka_set_log_queue(client, nullptr);
  assignment_ = std::make_unique<Assignment>(client, data_.queue.get(), first_.queue.get());
  queries_ = std::make_unique<Queries>(client, replies_.get(), mailbox_);
  for (const Queue* queue : {&events_, &first_.queue, &data_.queue, &replies_}) watch(*queue);
  // Nobody joins it: it keeps itself alive, and says when it is done.
  std::thread([self = shared_from_this()] {
    name_thread("kafka-reader");
    self->loop();
  }).detach();
}

// --- On the JavaScript thread ---

void Reader::poll(Answer answer, size_t max_bytes, size_t first_bytes, double wait_ms) {
  auto request = std::make_shared<Request>();
  request->max_bytes = max_bytes;
  request->first_bytes = first_bytes;
  request->deadline = Clock::now() + std::chrono::microseconds(static_cast<int64_t>(wait_ms * 1000));
  auto shared = std::make_shared<Answer>(std::move(answer));
  order(std::move(*shared), [request](Reader& reader, Answer& asked) {
    if (reader.request_ != nullptr)
      return asked.reject(
          Failure::of(RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, "The last poll is not answered yet."));
    reader.request_ = std::make_unique<Request>(std::move(*request));
    reader.request_->answer = std::move(asked);
  });
}

void Reader::order(Answer answer, std::function<void(Reader&, Answer&)> work) {
  if (closing_) return answer.reject(Failure::closed());
  auto shared = std::make_shared<Answer>(std::move(answer));
  mailbox_.push([this, shared, work = std::move(work)] {
    if (client_ == nullptr || close_asked_) return shared->reject(Failure::closed());
    work(*this, *shared);
  });
}

void Reader::close(Answer answer, double leave_ms) {
  closing_ = true;
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto until = Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(leave_ms));
  mailbox_.push([this, shared, until] {
    if (client_ == nullptr) return shared->resolve();
    close_asked_ = true;
    leave_until_ = std::min(leave_until_, until);
    closers_.push_back(std::move(*shared));
  });
}

void Reader::abandon() {
  closing_ = true;
  js_->close();
  abandoned_ = true;
  mailbox_.push([this] { close_asked_ = true; });
}

void Reader::await_end() {
  std::unique_lock lock(ended_mutex_);
  ended_condition_.wait_for(lock, patience, [this] { return ended_; });
}

// --- On the reader's thread ---

void Reader::loop() {
  while (!close_asked_) {
    mailbox_.run();
    if (close_asked_) break;
    if (serve()) continue;
    auto until = queries_->give_up();
    if (request_ != nullptr) until = std::min({until, request_->deadline, Clock::now() + heartbeat});
    mailbox_.wait(until);
  }
  if (request_ != nullptr) answer_request();
  queries_->reject_all(Failure::closed());
  if (!abandoned_) leave();
  finish();
}

/** One round; false if there is nothing to do before the next signal. */
bool Reader::serve() {
  take_replies();
  if (request_ == nullptr) {
    // Ahead of the next request, when it is worth a batch or when the last one left something.
    const bool worth =
        data_.more ||
        rd_kafka_queue_length(data_.queue.get()) * bytes_per_record_ > options_.batch_bytes / 2;
    return worth && data_.ready.empty() && prepare(data_);
  }
  take_events(events_.get());
  fill(first_, request_->first_bytes);
  fill(data_, request_->max_bytes);
  const bool something = !told_.empty() || (request_->first_bytes > 0 && !first_.ready.empty()) ||
                         (request_->max_bytes > 0 && !data_.ready.empty());
  if (!something && Clock::now() < request_->deadline) return false;
  answer_request();
  return true;
}

void Reader::commit(const rd_kafka_topic_partition_list_t* list, double expected, Answer answer) {
  if (expected >= 0 && rebalances() != expected)
    return answer.reject(
        Failure::of(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
                    "The group has rebalanced since then: see what is left of the partitions."));
  auto waiting = std::make_unique<Answer>(std::move(answer));
  const auto code = rd_kafka_commit_queue(client_, list, replies_.get(), nullptr, waiting.get());
  if (code)
    waiting->reject(Failure::of(code));
  else
    commits_[waiting.get()] = std::move(waiting);
}

/** The group takes it in, or has done so and it does not know yet. */
bool Reader::is_joining() const {
  if (!meets_first_ || !heartbeats_.under_way()) return false;
  GroupMetadata metadata(rd_kafka_consumer_group_metadata(client_));
  return metadata != nullptr && rd_kafka_consumer_group_metadata_generation_id(metadata.get()) <= 0;
}

/** Leaves the group: everything is given back, whether the group waits for an answer or not. */
void Reader::leave() {
  // librdkafka (2.12 to 2.15) leaves only where it knows that it has joined. The group would wait for this member's next
  // heartbeat for a whole session, and nobody would have its partitions.
  while (is_joining() && Clock::now() < leave_until_ && !abandoned_) {
    mailbox_.run();
    mailbox_.wait(std::min(leave_until_, Clock::now() + std::chrono::milliseconds(20)));
  }
  last_words_.reset(rd_kafka_queue_new(client_));
  watch(last_words_);
  if (Failure::take(rd_kafka_consumer_close_queue(client_, last_words_.get()))) return;
  assignment_->give_up();
  while (!rd_kafka_consumer_closed(client_) && Clock::now() < leave_until_ && !abandoned_) {
    mailbox_.run();
    take_replies();
    take_events(last_words_.get());
    told_.clear();
    if (rd_kafka_consumer_closed(client_)) break;
    mailbox_.wait(std::min(leave_until_, Clock::now() + std::chrono::milliseconds(20)));
  }
}

/** Everything that refers to the client goes before the client does, or its destruction waits for ever. */
void Reader::finish() {
  take_replies();
  queries_->finish();
  // A commit without a coordinator holds librdkafka's threads for session.timeout.ms: nobody is to wait for that.
  for (auto& [address, answer] : std::exchange(commits_, {})) answer->reject(Failure::closed());
  for (Lane* lane : {&first_, &data_}) lane->ready.clear();
  kept_.clear();
  told_.clear();
  for (const Queue* queue : {&events_, &first_.queue, &data_.queue, &replies_, &last_words_})
    if (*queue != nullptr) rd_kafka_queue_cb_event_enable(queue->get(), nullptr, nullptr);
  assignment_->clear();
  rd_kafka_t* client = std::exchange(client_, nullptr);
  for (Queue* queue : {&events_, &first_.queue, &data_.queue, &replies_, &last_words_}) queue->reset();
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  mailbox_.run();
  for (Answer& answer : closers_) answer.resolve();
  std::lock_guard lock(ended_mutex_);
  ended_ = true;
  ended_condition_.notify_all();
}

}  // namespace millrace
