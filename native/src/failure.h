// Errors of librdkafka on their way to JavaScript.
#pragma once

#include <rdkafka.h>

#include <string>

#include "js.h"

namespace millrace {

/** What went wrong. `code` 0 is no error. */
struct Failure {
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string message;
  bool fatal = false;
  bool retriable = false;
  bool abortable = false;

  explicit operator bool() const { return code != RD_KAFKA_RESP_ERR_NO_ERROR; }

  static Failure of(rd_kafka_resp_err_t code) { return {code, rd_kafka_err2str(code)}; }
  static Failure of(rd_kafka_resp_err_t code, std::string message) { return {code, std::move(message)}; }

  /** Takes over `error`, which may be null. */
  static Failure take(rd_kafka_error_t* error) {
    if (error == nullptr) return {};
    Failure failure{rd_kafka_error_code(error), rd_kafka_error_string(error),
                    rd_kafka_error_is_fatal(error) != 0, rd_kafka_error_is_retriable(error) != 0,
                    rd_kafka_error_txn_requires_abort(error) != 0};
    rd_kafka_error_destroy(error);
    return failure;
  }

  /** The client was closed while something was still to be answered. */
  static Failure closed() { return of(RD_KAFKA_RESP_ERR__DESTROY, "The client is closed."); }

  /** An Error with `code` (librdkafka's name of it), `number`, `fatal`, `retriable`, `abortable`. */
  napi_value error(napi_env env) const {
    napi_value value = nullptr;
    napi_create_error(env, js::string(env, rd_kafka_err2name(code)), js::string(env, message), &value);
    js::set(env, value, "number", js::number(env, code));
    js::set(env, value, "fatal", js::boolean(env, fatal));
    js::set(env, value, "retriable", js::boolean(env, retriable));
    js::set(env, value, "abortable", js::boolean(env, abortable));
    return value;
  }
};

}  // namespace millrace
