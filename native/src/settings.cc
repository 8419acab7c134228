#include "settings.h"

#include <cstdio>
#include <cstdlib>

namespace millrace {

namespace {

/** librdkafka repeats a refused value in its sentence; such values must not reach a log. */
bool is_secret(const std::string& name) {
  for (const char* part : {"password", "secret", "token", "jaas", ".pem", "sasl.oauthbearer.config"})
    if (name.find(part) != std::string::npos) return true;
  return false;
}

}  // namespace

Settings settings_of(napi_env env, napi_value array) {
  const auto strings = js::to_strings(env, array);
  Settings settings;
  for (size_t i = 0; i + 1 < strings.size(); i += 2) settings.emplace_back(strings[i], strings[i + 1]);
  return settings;
}

Conf configure(const Settings& settings, Failure& failure) {
  Conf conf(rd_kafka_conf_new());
  char reason[512];
  for (const auto& [name, value] : settings) {
    // Topic-level names fall through to the default topic configuration.
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason, sizeof reason) == RD_KAFKA_CONF_OK) continue;
    failure = Failure::of(RD_KAFKA_RESP_ERR__INVALID_ARG,
                          is_secret(name) ? "The value of " + name + " is refused." : std::string(reason));
    return nullptr;
  }
  return conf;
}

napi_value describe_settings(napi_env env) {
  char* text = nullptr;
  size_t size = 0;
  FILE* file = open_memstream(&text, &size);
  rd_kafka_conf_properties_show(file);
  std::fclose(file);
  napi_value value = js::string(env, text, size);
  std::free(text);
  return value;
}

rd_kafka_t* open_client(rd_kafka_type_t type, Conf conf, Failure& failure) {
  char reason[512];
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), reason, sizeof reason);
  if (client == nullptr)
    failure = Failure::of(RD_KAFKA_RESP_ERR__INVALID_ARG, reason);
  else
    conf.release();  // it belongs to the client now
  return client;
}

}  // namespace millrace
