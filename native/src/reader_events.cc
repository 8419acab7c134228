// What the reader hears besides records: rebalances, answers to commits, errors and logs of the client.
#include "reader.h"

namespace millrace {

namespace {

/** A burst of logs must not keep a request waiting for ever. */
constexpr int most_events = 1000;

MakeEvent rebalance_event(const char* type, std::string protocol, std::shared_ptr<rd_kafka_topic_partition_list_t> list) {
  return [type, protocol = std::move(protocol), list = std::move(list)](napi_env env) {
    napi_value object = js::object(env);
    js::set(env, object, "type", js::string(env, type));
    js::set(env, object, "partitions", to_js(env, list.get()));
    js::set(env, object, "protocol", js::string(env, protocol));
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
  std::shared_ptr<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_copy(rd_kafka_event_topic_partition_list(event)),
      rd_kafka_topic_partition_list_destroy);
  const bool assigning = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  const bool lost = !assigning && rd_kafka_assignment_lost(client_) != 0;
  const std::string protocol = assignment_->protocol();
  if (close_asked_) {
    assignment_->give_up();
    return;
  }
  if (assigning) return told_.push_back(rebalance_event("assigned", protocol, list));
  forget(list.get());
  told_.push_back(rebalance_event(lost ? "lost" : "revoked", protocol, list));
  Failure failure = lost ? assignment_->lose(list.get()) : assignment_->revoke(list.get());
  if (failure)
    told_.push_back([failure](napi_env env) {
      napi_value object = js::object(env);
      js::set(env, object, "type", js::string(env, "failed"));
      js::set(env, object, "error", failure.error(env));
      return object;
    });
}

void Reader::take_replies() {
  while (!commits_.empty()) {
    Event event(rd_kafka_queue_poll(replies_.get(), 0));
    if (event == nullptr) return;
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_OFFSET_COMMIT) continue;
    auto commit = commits_.extract(static_cast<Answer*>(rd_kafka_event_opaque(event.get())));
    if (commit.empty()) continue;
    const auto code = rd_kafka_event_error(event.get());
    const auto* list = rd_kafka_event_topic_partition_list(event.get());
    Failure failure = list == nullptr ? Failure{} : first_failure(list);
    if (!failure && code) failure = Failure::of(code);
    commit.mapped()->settle(std::move(failure));
  }
}

void Reader::subscribe(const rd_kafka_topic_partition_list_t* topics, Answer& answer) {
  answer.settle(Failure::of(topics->cnt == 0 ? rd_kafka_unsubscribe(client_) : rd_kafka_subscribe(client_, topics)));
}

void Reader::assign(const rd_kafka_topic_partition_list_t* list, Answer& answer) {
  PartitionList moved(rd_kafka_topic_partition_list_new(0));
  for (int i = 0; i < list->cnt; i++)
    if (list->elems[i].offset != RD_KAFKA_OFFSET_INVALID)
      rd_kafka_topic_partition_list_add(moved.get(), list->elems[i].topic, list->elems[i].partition);
  forget(moved.get());
  answer.settle(assignment_->assign(list));
}

void Reader::unassign(const rd_kafka_topic_partition_list_t* list, Answer& answer) {
  forget(list);
  answer.settle(assignment_->unassign(list));
}

void Reader::seek(const rd_kafka_topic_partition_list_t* list, Answer& answer) {
  forget(list);
  answer.settle(assignment_->seek(list));
}

}  // namespace millrace
