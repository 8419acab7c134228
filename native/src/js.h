// Short forms of the N-API calls that we need. None of them throws; a call that fails leaves JavaScript's exception
// pending, or happens while the thread ends, when nobody looks at the result.
#pragma once

#define NAPI_VERSION 9
#include <node_api.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace millrace::js {

inline napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

inline napi_value null(napi_env env) {
  napi_value value = nullptr;
  napi_get_null(env, &value);
  return value;
}

inline napi_value string(napi_env env, const char* text, size_t length = NAPI_AUTO_LENGTH) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text, length, &value);
  return value;
}

inline napi_value string(napi_env env, const std::string& text) {
  return string(env, text.data(), text.size());
}

inline napi_value number(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

inline napi_value boolean(napi_env env, bool flag) {
  napi_value value = nullptr;
  napi_get_boolean(env, flag, &value);
  return value;
}

inline napi_value object(napi_env env) {
  napi_value value = nullptr;
  napi_create_object(env, &value);
  return value;
}

inline napi_value array(napi_env env, size_t length) {
  napi_value value = nullptr;
  napi_create_array_with_length(env, length, &value);
  return value;
}

inline void set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

inline void put(napi_env env, napi_value array, size_t index, napi_value value) {
  napi_set_element(env, array, static_cast<uint32_t>(index), value);
}

/** A copy of the bytes, as a Buffer. */
inline napi_value buffer(napi_env env, const void* bytes, size_t length) {
  napi_value value = nullptr;
  napi_create_buffer_copy(env, length, bytes, nullptr, &value);
  return value;
}

inline napi_valuetype type_of(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type;
}

inline napi_value get(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) return undefined(env);
  return value;
}

inline size_t length(napi_env env, napi_value array) {
  uint32_t length = 0;
  napi_get_array_length(env, array, &length);
  return length;
}

inline napi_value at(napi_env env, napi_value array, size_t index) {
  napi_value value = nullptr;
  napi_get_element(env, array, static_cast<uint32_t>(index), &value);
  return value;
}

inline std::string to_string(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return {};
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, text.data(), length + 1, &length);
  return text;
}

inline double to_number(napi_env env, napi_value value, double otherwise = 0) {
  double number = otherwise;
  napi_get_value_double(env, value, &number);
  return number;
}

inline bool to_boolean(napi_env env, napi_value value) {
  bool flag = false;
  napi_get_value_bool(env, value, &flag);
  return flag;
}

inline std::vector<std::string> to_strings(napi_env env, napi_value array) {
  std::vector<std::string> strings(length(env, array));
  for (size_t i = 0; i < strings.size(); i++) strings[i] = to_string(env, at(env, array, i));
  return strings;
}

/** The arguments of a call, at most `N`; those not given are undefined. */
template <size_t N>
struct Arguments {
  napi_value self = nullptr;
  napi_value values[N] = {};
  void* data = nullptr;

  Arguments(napi_env env, napi_callback_info info) {
    size_t count = N;
    napi_get_cb_info(env, info, &count, values, &self, &data);
  }

  napi_value operator[](size_t index) const { return values[index]; }
};

}  // namespace millrace::js
