// Events that readers and writers have in common: errors of the client, statistics, logs, tokens to be renewed.
#pragma once

#include <functional>
#include <optional>

#include "raii.h"

#include "failure.h"
#include "partitions.h"

namespace millrace {

/** Makes the JavaScript object of an event, on the JavaScript thread. */
using MakeEvent = std::function<napi_value(napi_env)>;

/** What rd_kafka_conf_set_events must be given for them. */
constexpr int client_event_types = RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_LOG |
                                   RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;

/** The event `failed`. */
MakeEvent failed_event(Failure failure, std::optional<TopicPartition> partition = std::nullopt);

/** Nothing for an event of another kind. */
std::optional<MakeEvent> client_event(rd_kafka_t* client, rd_kafka_event_t* event);

}  // namespace millrace
