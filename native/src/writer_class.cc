// The class `Writer` as JavaScript sees it: every method is handed to the writer's thread and answers with a
// promise.
#include "oauth.h"
#include "writer.h"

namespace millrace {

namespace {

using Shared = std::shared_ptr<Writer>;
using Call = js::Arguments<1 + Columns::arguments>;
using Kind = Transaction::Kind;

/** What a JavaScript object holds on to. */
struct Held {
  Shared writer;
  napi_env env;
};

/** Null in a thread that is being terminated: nothing can be had from JavaScript's objects any more. */
Writer* writer_of(napi_env env, const Call& call) {
  void* held = nullptr;
  return napi_unwrap(env, call.self, &held) == napi_ok ? static_cast<Held*>(held)->writer.get() : nullptr;
}

/** The thread of JavaScript ends, or the process does. */
void at_exit(void* held) {
  const Held kept = *static_cast<Held*>(held);
  kept.writer->abandon(kept.env);
}

void forgotten(napi_env env, void* held, void*) {
  napi_remove_env_cleanup_hook(env, at_exit, held);
  static_cast<Held*>(held)->writer->forget();
  delete static_cast<Held*>(held);
}

/** `new Writer(settings, onEvent)`; `settings` is a flat array of names and values. */
napi_value construct(napi_env env, napi_callback_info info) {
  Call call(env, info);
  auto js = JsQueue::create(env, "writer");
  Failure failure;
  Shared writer = Writer::open(js, settings_of(env, call[0]), Listener(env, js, call[1]), failure);
  if (writer == nullptr) {
    js->close();
    napi_throw(env, failure.error(env));
    return nullptr;
  }
  auto* held = new Held{std::move(writer), env};
  napi_add_env_cleanup_hook(env, at_exit, held);
  if (napi_wrap(env, call.self, held, forgotten, nullptr, nullptr) != napi_ok) forgotten(env, held, nullptr);
  return call.self;
}

/** A method whose `Work` gives the answer to the writer. */
template <auto Work>
napi_value method(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Writer* writer = writer_of(env, call);
  if (writer == nullptr) return nullptr;
  napi_value promise = nullptr;
  Answer answer(env, writer->js(), &promise);
  Work(env, call, *writer, std::move(answer));
  return promise;
}

/** `write(topic, count, bytes, timestamps, six starts and ends, partition or partitions)`. */
napi_value write(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Writer* writer = writer_of(env, call);
  if (writer == nullptr) return nullptr;
  Columns columns;
  std::string problem;
  if (!columns.take(env, &call.values[1], problem)) {
    napi_throw_range_error(env, nullptr, problem.c_str());
    return nullptr;
  }
  napi_value promise = nullptr;
  Answer answer(env, writer->js(), &promise);
  writer->write(std::move(answer), std::make_shared<Batch>(js::to_string(env, call[0]), std::move(columns)));
  return promise;
}

/** A step of a transaction. Its argument is a time limit in milliseconds; without one it is never late. */
template <Kind Step>
void transact(napi_env env, const Call& call, Writer& writer, Answer answer) {
  writer.transact(std::move(answer), {Step, Writer::after(js::to_number(env, call[0], INFINITY)), nullptr});
}

/** From the bytes that a reader's metadata was written to. */
Failure read_group(napi_env env, napi_value buffer, GroupMetadata& group) {
  void* bytes = nullptr;
  size_t size = 0;
  rd_kafka_consumer_group_metadata_t* read = nullptr;
  if (napi_get_buffer_info(env, buffer, &bytes, &size) != napi_ok)
    return Failure::of(RD_KAFKA_RESP_ERR__INVALID_ARG, "The group's metadata is not a Buffer.");
  Failure failure = Failure::take(rd_kafka_consumer_group_metadata_read(&read, bytes, size));
  group.reset(read);
  return failure;
}

/** `sendOffsets(offsets, groupMetadata, limitMs)`. */
void send_offsets(napi_env env, const Call& call, Writer& writer, Answer answer) {
  auto offsets = std::make_shared<Transaction::Offsets>();
  offsets->list = partitions_of(env, call[0]);
  if (Failure failure = read_group(env, call[1], offsets->group)) return answer.reject(std::move(failure));
  const auto deadline = Writer::after(js::to_number(env, call[2]));
  writer.transact(std::move(answer), {Kind::send_offsets, deadline, offsets});
}

void flush(napi_env env, const Call& call, Writer& writer, Answer answer) {
  writer.flush(std::move(answer), js::to_number(env, call[0]));
}

void purge(napi_env, const Call&, Writer& writer, Answer answer) { writer.purge(std::move(answer)); }

void close(napi_env env, const Call& call, Writer& writer, Answer answer) {
  // Whoever waits for the end has a time limit of their own.
  writer.js()->let_go_of_all(env);
  // Whoever waits for the end has a time limit of their own.
  writer.js()->let_go_of_all(env);
  writer.close(std::move(answer), js::to_number(env, call[0]));
}

void give_token(napi_env env, const Call& call, Writer& writer, Answer answer) {
  writer.call(std::move(answer), [token = token_of(env, call[0])](rd_kafka_t* client, Answer& asked) {
    asked.settle(set_token(client, token));
  });
}

void give_token_failure(napi_env env, const Call& call, Writer& writer, Answer answer) {
  writer.call(std::move(answer), [cause = js::to_string(env, call[0])](rd_kafka_t* client, Answer& asked) {
    asked.settle(set_token_failure(client, cause));
  });
}

}  // namespace

napi_value writer_class(napi_env env) {
  const std::pair<const char*, napi_callback> methods[] = {
      {"write", write},
      {"initTransactions", method<transact<Kind::initialize>>},
      {"begin", method<transact<Kind::begin>>},
      {"sendOffsets", method<send_offsets>},
      {"commit", method<transact<Kind::commit>>},
      {"abort", method<transact<Kind::abort>>},
      {"flush", method<flush>},
      {"purge", method<purge>},
      {"close", method<close>},
      {"setToken", method<give_token>},
      {"setTokenFailure", method<give_token_failure>},
  };
  std::vector<napi_property_descriptor> properties;
  for (const auto& [name, function] : methods)
    properties.push_back({name, nullptr, function, nullptr, nullptr, nullptr, napi_default_method, nullptr});
  napi_value value = nullptr;
  napi_define_class(env, "Writer", NAPI_AUTO_LENGTH, construct, nullptr, properties.size(), properties.data(),
                    &value);
  return value;
}

}  // namespace millrace
