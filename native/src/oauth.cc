#include "oauth.h"

namespace millrace {

Token token_of(napi_env env, napi_value object) {
  Token token;
  token.value = js::to_string(env, js::get(env, object, "value"));
  token.expires = static_cast<int64_t>(js::to_number(env, js::get(env, object, "expires")));
  token.principal = js::to_string(env, js::get(env, object, "principal"));
  napi_value extensions = js::get(env, object, "extensions");
  if (js::type_of(env, extensions) == napi_object) token.extensions = js::to_strings(env, extensions);
  return token;
}

Failure set_token(rd_kafka_t* client, const Token& token) {
  std::vector<const char*> extensions;
  for (const auto& text : token.extensions) extensions.push_back(text.c_str());
  char reason[512];
  const auto code =
      rd_kafka_oauthbearer_set_token(client, token.value.c_str(), token.expires, token.principal.c_str(),
                                     extensions.data(), extensions.size(), reason, sizeof reason);
  return code ? Failure::of(code, reason) : Failure{};
}

Failure set_token_failure(rd_kafka_t* client, const std::string& cause) {
  return Failure::of(rd_kafka_oauthbearer_set_token_failure(client, cause.c_str()));
}

}  // namespace millrace
