#include "reader_queries.h"

#include <chrono>
#include <memory>
#include <thread>

#include "mailbox.h"
#include "raii.h"

namespace millrace {

namespace {

using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;
using SharedList = std::shared_ptr<rd_kafka_topic_partition_list_t>;

Options options_of(rd_kafka_t* client, rd_kafka_admin_op_t operation, int limit_ms) {
  Options options(rd_kafka_AdminOptions_new(client, operation));
  char reason[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), std::max(limit_ms, 1), reason, sizeof reason);
  return options;
}

SharedList shared_copy(const rd_kafka_topic_partition_list_t* list) {
  return {rd_kafka_topic_partition_list_copy(list), rd_kafka_topic_partition_list_destroy};
}

void resolve_list(Answer& answer, SharedList list) {
  answer.resolve([list](napi_env env) { return to_js(env, list.get()); });
}

/** Waits for the one event of an admin request; its own time limit ends it. */
Event result_of(const Queue& queue) {
  for (;;) {
    Event event(rd_kafka_queue_poll(queue.get(), 1000));
    if (event != nullptr) return event;
  }
}

/** One request for committed offsets: the list, or null with a failure. */
SharedList ask_committed(rd_kafka_t* client, const std::string& group, const rd_kafka_topic_partition_list_t* list,
                         bool stable, int limit_ms, Failure& failure) {
  Queue queue(rd_kafka_queue_new(client));
  Options options = options_of(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, limit_ms);
  failure = Failure::take(rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), stable ? 1 : 0));
  if (failure) return nullptr;
  auto* request = rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list);
  rd_kafka_ListConsumerGroupOffsets(client, &request, 1, options.get(), queue.get());
  rd_kafka_ListConsumerGroupOffsets_destroy(request);
  Event event = result_of(queue);
  failure = Failure::of(rd_kafka_event_error(event.get()), rd_kafka_event_error(event.get())
                                                               ? rd_kafka_event_error_string(event.get())
                                                               : "");
  if (failure) return nullptr;
  size_t count = 0;
  const auto** groups =
      rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  if (count == 0) return shared_copy(list);
  if (const auto* error = rd_kafka_group_result_error(groups[0])) {
    failure = Failure::of(rd_kafka_error_code(error), rd_kafka_error_string(error));
    return nullptr;
  }
  return shared_copy(rd_kafka_group_result_partitions(groups[0]));
}

bool is_unstable(const Failure& failure) { return failure.code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT; }

}  // namespace

void read_committed_offsets(rd_kafka_t* client, Answer& answer, const std::string& group,
                            const rd_kafka_topic_partition_list_t* list, bool stable, int limit_ms) {
  const auto until = Clock::now() + std::chrono::milliseconds(limit_ms);
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    Failure failure;
    SharedList offsets = ask_committed(client, group, list, stable, static_cast<int>(std::max<long>(left, 1)), failure);
    if (!failure) failure = first_failure(offsets.get());
    if (!failure) return resolve_list(answer, offsets);
    // A transaction that holds these offsets is still open: it ends by itself, or the broker ends it.
    if (!is_unstable(failure) || Clock::now() >= until) return answer.reject(failure);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void read_offsets(rd_kafka_t* client, Answer& answer, const rd_kafka_topic_partition_list_t* list,
                  rd_kafka_IsolationLevel_t isolation, int limit_ms) {
  Queue queue(rd_kafka_queue_new(client));
  Options options = options_of(client, RD_KAFKA_ADMIN_OP_LISTOFFSETS, limit_ms);
  Failure failure = Failure::take(rd_kafka_AdminOptions_set_isolation_level(options.get(), isolation));
  if (failure) return answer.reject(failure);
  auto request = shared_copy(list);
  rd_kafka_ListOffsets(client, request.get(), options.get(), queue.get());
  Event event = result_of(queue);
  if (const auto code = rd_kafka_event_error(event.get()))
    return answer.reject(Failure::of(code, rd_kafka_event_error_string(event.get())));
  size_t count = 0;
  const auto** infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
  SharedList offsets(rd_kafka_topic_partition_list_new(static_cast<int>(count)), rd_kafka_topic_partition_list_destroy);
  for (size_t i = 0; i < count; i++) {
    const auto* found = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    auto* copy = rd_kafka_topic_partition_list_add(offsets.get(), found->topic, found->partition);
    copy->offset = found->offset;
    copy->err = found->err;
  }
  if (Failure one = first_failure(offsets.get())) return answer.reject(one);
  resolve_list(answer, offsets);
}

void read_partition_count(rd_kafka_t* client, Answer& answer, const std::string& topic, int limit_ms) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code =
      rd_kafka_metadata(client, 0, handle, &metadata, std::max(limit_ms, 1));
  rd_kafka_topic_destroy(handle);
  if (code) return answer.reject(Failure::of(code));
  const auto found = metadata->topic_cnt == 0 ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : metadata->topics[0].err;
  const int count = metadata->topic_cnt == 0 ? 0 : metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  if (found) return answer.reject(Failure::of(found));
  answer.resolve([count](napi_env env) { return js::number(env, count); });
}

}  // namespace millrace
