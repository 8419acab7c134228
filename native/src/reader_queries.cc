#include "reader_queries.h"

#include <algorithm>
#include <vector>

#include "raii.h"

namespace millrace {

namespace {

using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;
using Topics = std::unique_ptr<rd_kafka_TopicCollection_t, Destroyer<rd_kafka_TopicCollection_destroy>>;

/** What librdkafka allows. */
constexpr auto longest = std::chrono::hours(1);

/** How long a question waits for a broker before it is asked anew. */
constexpr int meeting_ms = 60'000;

Options options_of(rd_kafka_t* client, rd_kafka_admin_op_t operation, Clock::time_point until, uintptr_t id) {
  Options options(rd_kafka_AdminOptions_new(client, operation));
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  char reason[256];
  rd_kafka_AdminOptions_set_request_timeout(
      options.get(),
      static_cast<int>(std::clamp<int64_t>(left, 1, std::chrono::milliseconds(longest).count())), reason,
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
  found->second->read(event, found->second->answer);
  open_.erase(found);
}

Clock::time_point Queries::give_up() {
  auto next = Clock::time_point::max();
  const auto now = Clock::now();
  std::erase_if(open_, [&](auto& entry) {
    Query& query = *entry.second;
    if (!query.is_ended_here) return false;
    if (query.until <= now) return query.answer.reject(Failure::of(RD_KAFKA_RESP_ERR__TIMED_OUT)), true;
    next = std::min(next, query.until);
    return false;
  });
  return next;
}

void Queries::reject_all(const Failure& failure) {
  for (auto& [address, query] : std::exchange(open_, {})) query->answer.reject(failure);
}

void Queries::finish() {
  reject_all(Failure::closed());
  hurry_ = true;
  errands_.finish();
}

void Queries::committed(Answer answer, std::string group, List list, bool stable, int limit_ms) {
  Query& query = open(std::move(answer), limit_ms);
  query.is_ended_here = true;
  CommittedRequest question{std::move(group), shared_copy(list.get()), stable, query.until, token_};
  errands_.run([this, id = query.id, question = std::move(question)] {
    Failure failure = hurry_ ? Failure::closed() : fetch_committed(client_, question, hurry_);
    mailbox_.push([this, id, found = question.list, failure = std::move(failure)] {
      auto node = open_.extract(id);
      if (node.empty()) return;
      failure ? node.mapped()->answer.reject(failure) : resolve_list(node.mapped()->answer, found);
    });
  });
}

void Queries::offsets(Answer answer, const List& list, rd_kafka_IsolationLevel_t isolation, int limit_ms) {
  Query& query = open(std::move(answer), limit_ms);
  query.read = [](rd_kafka_event_t* event, Answer& asked) {
    if (Failure failure = failure_of(event)) return asked.reject(failure);
    size_t count = 0;
    const auto** infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    List found(rd_kafka_topic_partition_list_new(static_cast<int>(count)),
               rd_kafka_topic_partition_list_destroy);
    for (size_t i = 0; i < count; i++) {
      const auto* one = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
      auto* copy = rd_kafka_topic_partition_list_add(found.get(), one->topic, one->partition);
      copy->offset = one->offset;
      copy->err = one->err;
      // What a leader did not answer, librdkafka leaves like this, without an error; -1 is an answer: no such record.
      if (!copy->err && copy->offset == RD_KAFKA_OFFSET_INVALID) copy->err = RD_KAFKA_RESP_ERR__TRANSPORT;
    }
    Failure failure = first_failure(found.get());
    failure ? asked.reject(failure) : resolve_list(asked, found);
  };
  Options options = options_of(client_, RD_KAFKA_ADMIN_OP_LISTOFFSETS, query.until, query.id);
  Failure::take(rd_kafka_AdminOptions_set_isolation_level(options.get(), isolation));
  rd_kafka_ListOffsets(client_, list.get(), options.get(), replies_);
}

void Queries::partition_count(Answer answer, const std::string& topic, int limit_ms) {
  Query& query = open(std::move(answer), limit_ms);
  query.read = [](rd_kafka_event_t* event, Answer& asked) {
    if (Failure failure = failure_of(event)) return asked.reject(failure);
    size_t count = 0;
    const auto** topics =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
    if (count == 0) return asked.reject(Failure::of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART));
    const auto* error = rd_kafka_TopicDescription_error(topics[0]);
    if (error != nullptr && rd_kafka_error_code(error))
      return asked.reject(Failure::of(rd_kafka_error_code(error), rd_kafka_error_string(error)));
    size_t partitions = 0;
    rd_kafka_TopicDescription_partitions(topics[0], &partitions);
    asked.resolve([partitions](napi_env env) { return js::number(env, static_cast<double>(partitions)); });
  };
  Options options = options_of(client_, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, query.until, query.id);
  const char* name = topic.c_str();
  Topics only(rd_kafka_TopicCollection_of_topic_names(&name, 1));
  rd_kafka_DescribeTopics(client_, only.get(), options.get(), replies_);
}

void Queries::meet(const List& topics, std::function<void()> then) {
  std::vector<const char*> names;
  for (int i = 0; i < topics->cnt; i++)
    if (topics->elems[i].topic[0] != '^') names.push_back(topics->elems[i].topic);
  if (names.empty()) return then();
  Query& query = open(Answer(), meeting_ms);
  query.read = [this, topics, then = std::move(then)](rd_kafka_event_t* event, Answer&) {
    const auto code = rd_kafka_event_error(event);
    const bool away = code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT;
    away ? meet(topics, then) : then();
  };
  Options options = options_of(client_, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, query.until, query.id);
  Topics all(rd_kafka_TopicCollection_of_topic_names(names.data(), names.size()));
  rd_kafka_DescribeTopics(client_, all.get(), options.get(), replies_);
}

}  // namespace millrace
