// The addon: what JavaScript sees of it. It may be loaded in any number of threads.
#include "reader.h"
#include "settings.h"
#include "writer.h"

using namespace millrace;

namespace {

napi_value settings(napi_env env, napi_callback_info) { return describe_settings(env); }

/** An array of `[name, number, description]` of all errors that librdkafka knows. */
napi_value errors(napi_env env, napi_callback_info) {
  const rd_kafka_err_desc* descriptions = nullptr;
  size_t count = 0;
  rd_kafka_get_err_descs(&descriptions, &count);
  napi_value list = js::array(env, 0);
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    if (descriptions[i].name == nullptr) continue;
    napi_value entry = js::array(env, 3);
    js::put(env, entry, 0, js::string(env, rd_kafka_err2name(descriptions[i].code)));
    js::put(env, entry, 1, js::number(env, descriptions[i].code));
    js::put(env, entry, 2, js::string(env, descriptions[i].desc == nullptr ? "" : descriptions[i].desc));
    js::put(env, list, at++, entry);
  }
  return list;
}

void define(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  js::set(env, exports, name, function);
}

}  // namespace

NAPI_MODULE_INIT() {
  js::set(env, exports, "version", js::string(env, rd_kafka_version_str()));
  define(env, exports, "settings", settings);
  define(env, exports, "errors", errors);
  js::set(env, exports, "Reader", reader_class(env));
  js::set(env, exports, "Writer", writer_class(env));
  return exports;
}
