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

/** What is wrong with a certificate, by OpenSSL's number for it (openssl/x509_vfy.h). */
const char* certificate_trouble(int number) {
  switch (number) {
    case 9:
      return "it is not valid yet";
    case 10:
      return "it has expired";
    case 18:
    case 19:
      return "it is self-signed by an authority that is not trusted";
    case 2:
    case 20:
    case 21:
      return "its authority is not trusted";
    case 23:
      return "it is revoked";
    case 62:
      return "it is for another host name";
    case 64:
      return "it is for another IP address";
    default:
      return nullptr;
  }
}

/** Accepts what OpenSSL accepts, and has the reason of a refusal logged, which librdkafka's error does not tell. */
int check_certificate(rd_kafka_t*, const char*, int32_t, int* number, int, const char*, size_t, char* reason,
                      size_t size, void*) {
  if (*number == 0) return 1;
  const char* known = certificate_trouble(*number);
  if (known != nullptr)
    std::snprintf(reason, size, "%s", known);
  else
    std::snprintf(reason, size, "OpenSSL's verification error %d", *number);
  return 0;
}

void explain_certificates(rd_kafka_conf_t* conf) {
  char verified[8] = "";
  size_t size = sizeof verified;
  rd_kafka_conf_get(conf, "enable.ssl.certificate.verification", verified, &size);
  if (std::string(verified) == "true") rd_kafka_conf_set_ssl_cert_verify_cb(conf, check_certificate);
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
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason, sizeof reason) == RD_KAFKA_CONF_OK)
      continue;
    failure = Failure::of(RD_KAFKA_RESP_ERR__INVALID_ARG,
                          is_secret(name) ? "The value of " + name + " is refused." : std::string(reason));
    return nullptr;
  }
  explain_certificates(conf.get());
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
