#include "reader_queries.h"

#include <algorithm>

#include "raii.h"

namespace millrace {

namespace {

using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;
using Topics = std::unique_ptr<rd_kafka_TopicCollection_t, Destroyer<rd_kafka_TopicCollection_destroy>>;
using Group =
    std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, Destroyer<rd_kafka_ListConsumerGroupOffsets_destroy>>;

/** What librdkafka allows. */
constexpr auto longest = std::chrono::hours(1);

/** How long a coordinator is left alone before it is asked again. */
constexpr auto pause_between = std::chrono::milliseconds(50);

Options options_of(rd_kafka_t* client, rd_kafka_admin_op_t operation, Clock::time_point until, uintptr_t id) {
  Options options(rd_kafka_AdminOptions_new(client, operation));
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  char reason[256];
  rd_kafka_AdminOptions_set_request_timeout(
      options.get(), static_cast<int>(std::clamp<int64_t>(left, 1, std::chrono::milliseconds(longest).count())), reason,
      sizeof reason);
  rd_kafka_AdminOptions_set_opaque(options.get(), reinterpret_cast<void*>(id));
  return options;
}

Queries::List shared_copy(const rd_kafka_topic_partition_list_t* list) {
  return {rd_kafka_topic_partition_list_copy(list), rd_kafka_topic_partition_list_destroy};
}

void resolve_list(Answer& answer, const Queries::List& list) {
  answer.resolve([list](napi_env env) { return to_js(env, list.get()); });
}

/** The failure of a whole request. */
Failure failure_of(rd_kafka_event_t* event) {
  const auto code = rd_kafka_event_error(event);
  return code ? Failure::of(code, rd_kafka_event_error_string(event)) : Failure{};
}

bool passes(rd_kafka_resp_err_t code) {
  switch (code) {
    // A transaction that holds these offsets is still open: it ends by itself, or the broker ends it.
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    // A group is asked for the first time, or moves from one broker to another.
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
      return true;
    default:
      return false;
  }
}

}  // namespace

Queries::Query& Queries::open(Answer answer, int limit_ms) {
  auto query = std::make_unique<Query>();
  query->id = ++ids_;
  query->answer = std::move(answer);
  query->until = Clock::now() + std::chrono::milliseconds(limit_ms);
  return *(open_[ids_] = std::move(query));
}

void Queries::take(rd_kafka_event_t* event) {
  auto found = open_.find(reinterpret_cast<uintptr_t>(rd_kafka_event_opaque(event)));
  if (found == open_.end()) return;
  if (found->second->read(event, *found->second)) open_.erase(found);
}

Clock::time_point Queries::run_due() {
  auto next = Clock::time_point::max();
  const auto now = Clock::now();
  for (auto at = open_.begin(); at != open_.end();) {
    Query& query = *at->second;
    if (query.is_ended_here && query.until <= now) {
      query.answer.reject(Failure::of(RD_KAFKA_RESP_ERR__TIMED_OUT));
      at = open_.erase(at);
      continue;
    }
    if (query.again <= now) {
      query.again = Clock::time_point::max();
      query.ask(query);
    }
    next = std::min(next, query.again);
    if (query.is_ended_here) next = std::min(next, query.until);
    ++at;
  }
  return next;
}

void Queries::reject_all(const Failure& failure) {
  for (auto& [address, query] : std::exchange(open_, {})) query->answer.reject(failure);
}

void Queries::committed(Answer answer, std::string group, List list, bool stable, int limit_ms) {
  Query& query = open(std::move(answer), limit_ms);
  // Where a request to a coordinator runs out of time before the coordinator is found, librdkafka uses what it has freed
  // as soon as it is found (2.12).
  query.is_ended_here = true;
  query.ask = [this, group = std::move(group), list, stable](Query& self) {
    Options options =
        options_of(client_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, Clock::now() + longest, self.id);
    // Refused only for options of another operation.
    Failure::take(rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), stable ? 1 : 0));
    Group request(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get()));
    auto* only = request.get();
    rd_kafka_ListConsumerGroupOffsets(client_, &only, 1, options.get(), replies_);
  };
  query.read = [this](rd_kafka_event_t* event, Query& self) { return read_committed(event, self); };
  query.ask(query);
}

bool Queries::read_committed(rd_kafka_event_t* event, Query& query) {
  Failure failure = failure_of(event);
  size_t count = 0;
  const rd_kafka_group_result_t** groups = nullptr;
  if (!failure)
    groups = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
  const auto* error = count == 0 ? nullptr : rd_kafka_group_result_error(groups[0]);
  if (error != nullptr) failure = Failure::of(rd_kafka_error_code(error), rd_kafka_error_string(error));
  List offsets = count == 0 || error != nullptr ? List(rd_kafka_topic_partition_list_new(0), rd_kafka_topic_partition_list_destroy)
                                                : shared_copy(rd_kafka_group_result_partitions(groups[0]));
  if (!failure) failure = first_failure(offsets.get());
  const auto again = Clock::now() + pause_between;
  if (passes(failure.code) && again < query.until) {
    query.again = again;
    return false;
  }
  failure ? query.answer.reject(failure) : resolve_list(query.answer, offsets);
  return true;
}

void Queries::offsets(Answer answer, const List& list, rd_kafka_IsolationLevel_t isolation, int limit_ms) {
  Query& query = open(std::move(answer), limit_ms);
  query.read = [](rd_kafka_event_t* event, Query& self) {
    if (Failure failure = failure_of(event)) return self.answer.reject(failure), true;
    size_t count = 0;
    const auto** infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    List found(rd_kafka_topic_partition_list_new(static_cast<int>(count)), rd_kafka_topic_partition_list_destroy);
    for (size_t i = 0; i < count; i++) {
      const auto* one = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
      auto* copy = rd_kafka_topic_partition_list_add(found.get(), one->topic, one->partition);
      copy->offset = one->offset;
      copy->err = one->err;
      // What a leader did not answer, librdkafka leaves like this, without an error; -1 is an answer: no such record.
      if (!copy->err && copy->offset == RD_KAFKA_OFFSET_INVALID) copy->err = RD_KAFKA_RESP_ERR__TRANSPORT;
    }
    Failure failure = first_failure(found.get());
    failure ? self.answer.reject(failure) : resolve_list(self.answer, found);
    return true;
  };
  Options options = options_of(client_, RD_KAFKA_ADMIN_OP_LISTOFFSETS, query.until, query.id);
  Failure::take(rd_kafka_AdminOptions_set_isolation_level(options.get(), isolation));
  rd_kafka_ListOffsets(client_, list.get(), options.get(), replies_);
}

void Queries::partition_count(Answer answer, const std::string& topic, int limit_ms) {
  Query& query = open(std::move(answer), limit_ms);
  query.read = [](rd_kafka_event_t* event, Query& self) {
    if (Failure failure = failure_of(event)) return self.answer.reject(failure), true;
    size_t count = 0;
    const auto** topics = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
    if (count == 0) return self.answer.reject(Failure::of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)), true;
    const auto* error = rd_kafka_TopicDescription_error(topics[0]);
    if (error != nullptr && rd_kafka_error_code(error))
      return self.answer.reject(Failure::of(rd_kafka_error_code(error), rd_kafka_error_string(error))), true;
    size_t partitions = 0;
    rd_kafka_TopicDescription_partitions(topics[0], &partitions);
    self.answer.resolve([partitions](napi_env env) { return js::number(env, static_cast<double>(partitions)); });
    return true;
  };
  Options options = options_of(client_, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, query.until, query.id);
  const char* name = topic.c_str();
  Topics only(rd_kafka_TopicCollection_of_topic_names(&name, 1));
  rd_kafka_DescribeTopics(client_, only.get(), options.get(), replies_);
}

}  // namespace millrace
