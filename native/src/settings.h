// Settings of librdkafka, as names and values.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "failure.h"
#include "raii.h"

namespace millrace {

using Settings = std::vector<std::pair<std::string, std::string>>;

/** From a flat array of names and values. */
Settings settings_of(napi_env env, napi_value array);

/** Global and topic-level settings alike. On a refused one, `failure` says which and why (without a secret's value). */
Conf configure(const Settings& settings, Failure& failure);

/** librdkafka's own table of all settings, as text: name, whom it concerns, range, default, importance, description. */
napi_value describe_settings(napi_env env);

/** A client of ours: takes over `conf`. Null with a failure where librdkafka refuses the settings together. */
rd_kafka_t* open_client(rd_kafka_type_t type, Conf conf, Failure& failure);

}  // namespace millrace
