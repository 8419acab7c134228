// The class `Reader` as JavaScript sees it: every method is handed to the reader's thread and answers with a promise.
#include <algorithm>

#include "oauth.h"
#include "reader.h"

namespace millrace {

namespace {

using Shared = std::shared_ptr<Reader>;
using SharedList = std::shared_ptr<rd_kafka_topic_partition_list_t>;
using Call = js::Arguments<4>;

/** Null in a thread that is being terminated: nothing can be had from JavaScript's objects any more. */
Reader* reader_of(napi_env env, const Call& call) {
  void* reader = nullptr;
  return napi_unwrap(env, call.self, &reader) == napi_ok ? static_cast<Shared*>(reader)->get() : nullptr;
}

/** The thread of JavaScript ends, or the process does. */
void at_exit(void* reader) {
  const Shared kept = *static_cast<Shared*>(reader);
  kept->abandon();
  kept->await_end();
}

void forgotten(napi_env env, void* reader, void*) {
  napi_remove_env_cleanup_hook(env, at_exit, reader);
  (*static_cast<Shared*>(reader))->abandon();
  delete static_cast<Shared*>(reader);
}

/** `new Reader(settings, batchBytes, batchRecords)`; `settings` is a flat array of names and values. */
napi_value construct(napi_env env, napi_callback_info info) {
  Call call(env, info);
  ReaderOptions options;
  options.batch_bytes =
      static_cast<size_t>(js::to_number(env, call[1], static_cast<double>(options.batch_bytes)));
  options.batch_records =
      static_cast<size_t>(js::to_number(env, call[2], static_cast<double>(options.batch_records)));
  Failure failure;
  Shared reader = Reader::open(env, settings_of(env, call[0]), options, failure);
  if (reader == nullptr) {
    napi_throw(env, failure.error(env));
    return nullptr;
  }
  auto* held = new Shared(std::move(reader));
  napi_wrap(env, call.self, held, forgotten, nullptr, nullptr);
  napi_add_env_cleanup_hook(env, at_exit, held);
  return call.self;
}

/** A method that runs `Work` on the reader's thread with what `Read` makes of the arguments. */
template <auto Read, auto Work>
napi_value ordered(napi_env env, napi_callback_info info) {
  Call call(env, info);
  napi_value promise = nullptr;
  Reader* reader = reader_of(env, call);
  if (reader == nullptr) return nullptr;
  Answer answer(env, reader->js(), &promise);
  reader->order(std::move(answer),
                [input = Read(env, call)](Reader& self, Answer& asked) { Work(self, asked, input); });
  return promise;
}

SharedList list_argument(napi_env env, const Call& call) {
  return {partitions_of(env, call[0]).release(), rd_kafka_topic_partition_list_destroy};
}

SharedList topics_argument(napi_env env, const Call& call) {
  SharedList list(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  for (const std::string& topic : js::to_strings(env, call[0]))
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  return list;
}

Token token_argument(napi_env env, const Call& call) { return token_of(env, call[0]); }

std::string text_argument(napi_env env, const Call& call) { return js::to_string(env, call[0]); }

int no_argument(napi_env, const Call&) { return 0; }

/** Milliseconds that librdkafka can count; anything but a number is the least. */
int limit_of(napi_env env, napi_value value) {
  const double limit = js::to_number(env, value);
  return limit > 1 ? static_cast<int>(std::min(limit, 3600.0 * 1000)) : 1;
}

napi_value poll(napi_env env, napi_callback_info info) {
  Call call(env, info);
  napi_value promise = nullptr;
  Reader* reader = reader_of(env, call);
  if (reader == nullptr) return nullptr;
  Answer answer(env, reader->js(), &promise);
  // Not a number counts as nothing, and what is too much for a clock or a size as very much.
  const auto size = [&](napi_value value) {
    const double bytes = js::to_number(env, value);
    return bytes > 0 ? static_cast<size_t>(std::min(bytes, 1e12)) : 0;
  };
  const double wait = js::to_number(env, call[1]);
  reader->poll(std::move(answer), size(call[0]), size(call[2]), wait > 0 ? std::min(wait, 1e9) : 0);
  return promise;
}

napi_value close(napi_env env, napi_callback_info info) {
  Call call(env, info);
  napi_value promise = nullptr;
  Reader* reader = reader_of(env, call);
  if (reader == nullptr) return nullptr;
  Answer answer(env, reader->js(), &promise);
  // Whoever waits for the end has a time limit of their own.
  reader->js()->let_go_of_all(env);
  reader->close(std::move(answer), limit_of(env, call[0]));
  return promise;
}

void position(Reader& reader, Answer& answer, const SharedList& list) {
  reader.position(list.get());
  answer.resolve([list](napi_env env) { return to_js(env, list.get()); });
}

void assigned(Reader& reader, Answer& answer, int) {
  rd_kafka_topic_partition_list_t* list = nullptr;
  if (const auto code = rd_kafka_assignment(reader.client(), &list)) return answer.reject(Failure::of(code));
  SharedList shared(list, rd_kafka_topic_partition_list_destroy);
  answer.resolve([shared](napi_env env) { return to_js(env, shared.get()); });
}

/** As the transactional producer needs it: opaque bytes (they go to any thread), and what they say. */
void group_metadata(Reader& reader, Answer& answer, int) {
  reader.rebalances();
  GroupMetadata metadata(rd_kafka_consumer_group_metadata(reader.client()));
  if (metadata == nullptr)
    return answer.reject(Failure::of(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, "The reader is in no group."));
  void* bytes = nullptr;
  size_t size = 0;
  if (Failure failure = Failure::take(rd_kafka_consumer_group_metadata_write(metadata.get(), &bytes, &size)))
    return answer.reject(failure);
  std::string packed(static_cast<char*>(bytes), size);
  rd_kafka_mem_free(nullptr, bytes);
  std::string member = rd_kafka_consumer_group_metadata_member_id(metadata.get());
  const int generation = rd_kafka_consumer_group_metadata_generation_id(metadata.get());
  const double rebalances = reader.rebalances();
  answer.resolve([packed, member, generation, rebalances](napi_env env) {
    napi_value object = js::object(env);
    js::set(env, object, "bytes", js::buffer(env, packed.data(), packed.size()));
    js::set(env, object, "memberId", js::string(env, member));
    js::set(env, object, "generation", js::number(env, generation));
    js::set(env, object, "rebalances", js::number(env, rebalances));
    return object;
  });
}

struct CommitRequest {
  SharedList list;
  double rebalances;
};

CommitRequest commit_arguments(napi_env env, const Call& call) {
  return {list_argument(env, call), js::to_number(env, call[1], -1)};
}

struct CommittedQuestion {
  std::string group;
  SharedList list;
  bool stable;
  int limit_ms;
};

CommittedQuestion committed_arguments(napi_env env, const Call& call) {
  return {js::to_string(env, call[1]), list_argument(env, call), js::to_boolean(env, call[2]),
          limit_of(env, call[3])};
}

struct OffsetsQuestion {
  SharedList list;
  rd_kafka_IsolationLevel_t isolation;
  int limit_ms;
};

OffsetsQuestion offsets_arguments(napi_env env, const Call& call) {
  return {list_argument(env, call),
          js::to_boolean(env, call[1]) ? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
                                       : RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
          limit_of(env, call[2])};
}

using TopicQuestion = std::pair<std::string, int>;

TopicQuestion topic_arguments(napi_env env, const Call& call) {
  return {js::to_string(env, call[0]), limit_of(env, call[1])};
}

napi_property_descriptor method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

napi_value reader_class(napi_env env) {
  const napi_property_descriptor methods[] = {
      method("poll", poll),
      method("close", close),
      method("subscribe",
             ordered<topics_argument,
                     [](Reader& r, Answer& a, const SharedList& topics) { r.subscribe(topics.get(), a); }>),
      method("assign", ordered<list_argument, [](Reader& r, Answer& a,
                                                 const SharedList& list) { r.assign(list.get(), a); }>),
      method("unassign", ordered<list_argument, [](Reader& r, Answer& a,
                                                   const SharedList& list) { r.unassign(list.get(), a); }>),
      method("pause", ordered<list_argument,
                              [](Reader& r, Answer& a, const SharedList& list) {
                                r.pause(list.get());
                                a.resolve();
                              }>),
      method("resume", ordered<list_argument,
                               [](Reader& r, Answer& a, const SharedList& list) {
                                 r.resume(list.get());
                                 a.resolve();
                               }>),
      method("seek", ordered<list_argument,
                             [](Reader& r, Answer& a, const SharedList& list) { r.seek(list.get(), a); }>),
      method("commit", ordered<commit_arguments,
                               [](Reader& r, Answer& a, const CommitRequest& request) {
                                 r.commit(request.list.get(), request.rebalances, std::move(a));
                               }>),
      method("position", ordered<list_argument, position>),
      method("assignment", ordered<no_argument, assigned>),
      method("groupMetadata", ordered<no_argument, group_metadata>),
      method("setToken", ordered<token_argument,
                                 [](Reader& r, Answer& a, const Token& token) {
                                   Failure failure = set_token(r.client(), token);
                                   if (!failure) r.queries().remember(token);
                                   a.settle(std::move(failure));
                                 }>),
      method("setTokenFailure", ordered<text_argument,
                                        [](Reader& r, Answer& a, const std::string& cause) {
                                          a.settle(set_token_failure(r.client(), cause));
                                        }>),
      method("committed", ordered<committed_arguments,
                                  [](Reader& r, Answer& a, const CommittedQuestion& q) {
                                    r.queries().committed(std::move(a), q.group, q.list, q.stable,
                                                          q.limit_ms);
                                  }>),
      method("offsets", ordered<offsets_arguments,
                                [](Reader& r, Answer& a, const OffsetsQuestion& q) {
                                  r.queries().offsets(std::move(a), q.list, q.isolation, q.limit_ms);
                                }>),
      method("partitionCount", ordered<topic_arguments,
                                       [](Reader& r, Answer& a, const TopicQuestion& q) {
                                         r.queries().partition_count(std::move(a), q.first, q.second);
                                       }>),
  };
  napi_value result = nullptr;
  napi_define_class(env, "Reader", NAPI_AUTO_LENGTH, construct, nullptr, std::size(methods), methods,
                    &result);
  return result;
}

}  // namespace millrace
