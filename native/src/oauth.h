// Tokens of SASL OAUTHBEARER: librdkafka asks for one by an event, JavaScript fetches it and hands it over
// here.
#pragma once

#include <string>
#include <vector>

#include "failure.h"

namespace millrace {

struct Token {
  std::string value;
  /** Milliseconds since 1970: librdkafka asks for the next one when 80 % of the time until then is over. */
  int64_t expires = 0;
  /** The principal's name. */
  std::string principal;
  /** SASL extensions: names and values in turn. */
  std::vector<std::string> extensions;
};

/** From `{value, expires, principal, extensions?: string[]}`. */
Token token_of(napi_env env, napi_value object);

/** Does not block. */
Failure set_token(rd_kafka_t* client, const Token& token);

/** No token could be had: librdkafka tells the cause as an error event, and asks again after ten seconds. */
Failure set_token_failure(rd_kafka_t* client, const std::string& cause);

}  // namespace millrace
