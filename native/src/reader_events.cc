// What the reader hears besides records: rebalances, answers to commits, errors and logs of the client.
#include "reader.h"

namespace millrace {

namespace {

/** A burst of logs must not keep a request waiting for ever. */
constexpr int most_events = 1000;

MakeEvent rebalance_event(const char* type, double number, std::string protocol,
                          std::shared_ptr<rd_kafka_topic_partition_list_t> list) {
  return [type, number, protocol = std::move(protocol), list = std::move(list)](napi_env env) {
    napi_value object = js::object(env);
    js::set(env, object, "type", js::string(env, type));
    js::set(env, object, "partitions", to_js(env, list.get()));
    js::set(env, object, "protocol", js::string(env, protocol));
    js::set(env, object, "rebalances", js::number(env, number));
    return object;
  };
}

}  // namespace

void Reader::take_events(rd_kafka_queue_t* queue) {
  for (int i = 0; i < most_events; i++) {
    Event event(rd_kafka_queue_poll(queue, 0));
    if (event == nullptr) return;
    take_event(std::move(event));
  }
  mailbox_.signal();
}

void Reader::take_event(Event event) {
  if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) return rebalance(event.get());
  if (auto make = client_event(client_, event.get())) told_.push_back(std::move(*make));
}

void Reader::rebalance(rd_kafka_event_t* event) {
  if (close_asked_) return assignment_->give_up();
  std::shared_ptr<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_copy(rd_kafka_event_topic_partition_list(event)),
      rd_kafka_topic_partition_list_destroy);
  const std::string protocol = assignment_->protocol();
  assignment_->keep_positions();
  const double number = ++rebalances_;
  Failure failure;
  if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    told_.push_back(rebalance_event("assigned", number, protocol, list));
    failure = assignment_->give(list.get(), static_cast<uint32_t>(number));
  } else {
    const bool lost = already_answered_ || rd_kafka_assignment_lost(client_) != 0;
    forget(list.get());
    told_.push_back(rebalance_event(lost ? "lost" : "revoked", number, protocol, list));
    failure = lost ? assignment_->lose(list.get()) : assignment_->revoke(list.get());
  }
  if (failure) told_.push_back(failed_event(std::move(failure)));
}

/**
 * How many rebalances there were, those included that wait to be heard. librdkafka joins a group anew only after it was
 * answered, here: whoever reads its generation and then this number knows all that happened before that generation.
 * A queue that is empty is not asked, since asking counts as the caller's own poll.
 */
double Reader::rebalances() {
  if (rd_kafka_queue_length(events_.get()) > 0) take_events(events_.get());
  return rebalances_;
}

/**
 * Changes the assignment by incremental unassigning, where that could be taken for the answer to a revocation that waits
 * in the queue. One that is there before is heard first, and makes the change wait for its end. One that is there
 * afterwards may have come before the change, and then the group believes that it has its partitions back: they are
 * given up at once, as lost.
 */
Failure Reader::apart_from_revocations(const std::function<Failure()>& change) {
  take_events(events_.get());
  assignment_->take_unasked();
  Failure failure = change();
  if (!assignment_->take_unasked()) return failure;
  already_answered_ = true;
  take_events(events_.get());
  already_answered_ = false;
  return failure;
}

void Reader::take_replies() {
  // Also when nothing is expected: what was given up may still be answered, and a full queue signals nothing.
  for (;;) {
    Event event(rd_kafka_queue_poll(replies_.get(), 0));
    if (event == nullptr) break;
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_OFFSET_COMMIT)
      take_commit(event.get());
    else
      queries_->take(event.get());
  }
}

void Reader::take_commit(rd_kafka_event_t* event) {
  auto commit = commits_.extract(static_cast<Answer*>(rd_kafka_event_opaque(event)));
  if (commit.empty()) return;
  const auto code = rd_kafka_event_error(event);
  const auto* list = rd_kafka_event_topic_partition_list(event);
  Failure failure = list == nullptr ? Failure{} : first_failure(list);
  if (!failure && code) failure = Failure::of(code);
  commit.mapped()->settle(std::move(failure));
}

/**
 * Under KIP-848 a reader joins when it knows its topics. One that is given partitions of a topic it does not know yet has to
 * ask for it first, and a heartbeat that it sends meanwhile says that it has none (rd_kafka_cgrp_consumer_serve in the
 * state init, librdkafka 2.12 to 2.15): the group takes this for giving them back. It gives them to others, and the reader,
 * whose epoch it has raised, begins with them all the same.
 */
void Reader::subscribe(const rd_kafka_topic_partition_list_t* topics, Answer& answer) {
  const auto number = ++subscriptions_;
  if (topics->cnt == 0) return answer.settle(Failure::of(rd_kafka_unsubscribe(client_)));
  if (!meets_first_) return answer.settle(Failure::of(rd_kafka_subscribe(client_, topics)));
  Queries::List list(rd_kafka_topic_partition_list_copy(topics), rd_kafka_topic_partition_list_destroy);
  queries_->meet(list, [this, number, list] {
    if (number != subscriptions_) return;
    if (Failure failure = Failure::of(rd_kafka_subscribe(client_, list.get())))
      told_.push_back(failed_event(std::move(failure)));
  });
  answer.resolve();
}

void Reader::assign(const rd_kafka_topic_partition_list_t* list, Answer& answer) {
  PartitionList moved(rd_kafka_topic_partition_list_new(0));
  for (int i = 0; i < list->cnt; i++)
    if (list->elems[i].offset != RD_KAFKA_OFFSET_INVALID)
      rd_kafka_topic_partition_list_add(moved.get(), list->elems[i].topic, list->elems[i].partition);
  forget(moved.get());
  answer.settle(apart_from_revocations([&] { return assignment_->assign(list); }));
}

void Reader::unassign(const rd_kafka_topic_partition_list_t* list, Answer& answer) {
  forget(list);
  answer.settle(apart_from_revocations([&] { return assignment_->unassign(list); }));
}

void Reader::seek(const rd_kafka_topic_partition_list_t* list, Answer& answer) {
  forget(list);
  answer.settle(apart_from_revocations([&] { return assignment_->seek(list); }));
}

}  // namespace millrace
