#include "client_events.h"

namespace millrace {

namespace {

napi_value typed(napi_env env, const char* type) {
  napi_value object = js::object(env);
  js::set(env, object, "type", js::string(env, type));
  return object;
}

/** A fatal error is announced with a code that says only that: the cause is asked for separately. */
Failure failure_of(rd_kafka_t* client, rd_kafka_event_t* event) {
  Failure failure = Failure::of(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
  failure.fatal = rd_kafka_event_error_is_fatal(event) != 0;
  if (failure.code == RD_KAFKA_RESP_ERR__FATAL) {
    char reason[512];
    failure.code = rd_kafka_fatal_error(client, reason, sizeof reason);
    failure.message = reason;
    failure.fatal = true;
  }
  return failure;
}

/** The partition that an error concerns, if it concerns one. */
std::optional<TopicPartition> partition_of(rd_kafka_event_t* event) {
  auto* element = rd_kafka_event_topic_partition(event);
  if (element == nullptr) return std::nullopt;
  TopicPartition partition = key_of(*element);
  rd_kafka_topic_partition_destroy(element);
  return partition;
}

}  // namespace

MakeEvent failed_event(Failure failure, std::optional<TopicPartition> partition) {
  return [failure = std::move(failure), partition = std::move(partition)](napi_env env) {
    napi_value object = typed(env, "failed");
    js::set(env, object, "error", failure.error(env));
    if (partition) {
      js::set(env, object, "topic", js::string(env, partition->first));
      js::set(env, object, "partition", js::number(env, partition->second));
    }
    return object;
  };
}

std::optional<MakeEvent> client_event(rd_kafka_t* client, rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_ERROR:
      return failed_event(failure_of(client, event), partition_of(event));
    case RD_KAFKA_EVENT_STATS:
      return [json = std::string(rd_kafka_event_stats(event))](napi_env env) {
        napi_value object = typed(env, "statistics");
        js::set(env, object, "json", js::string(env, json));
        return object;
      };
    case RD_KAFKA_EVENT_LOG: {
      const char *facility = "", *text = "";
      int level = 7;
      rd_kafka_event_log(event, &facility, &text, &level);
      return [facility = std::string(facility), text = std::string(text), level](napi_env env) {
        napi_value object = typed(env, "log");
        js::set(env, object, "level", js::number(env, level));
        js::set(env, object, "facility", js::string(env, facility));
        js::set(env, object, "message", js::string(env, text));
        return object;
      };
    }
    case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH: {
      const char* config = rd_kafka_event_config_string(event);
      return [config = std::string(config == nullptr ? "" : config)](napi_env env) {
        napi_value object = typed(env, "token");
        js::set(env, object, "config", js::string(env, config));
        return object;
      };
    }
    default:
      return std::nullopt;
  }
}

}  // namespace millrace
