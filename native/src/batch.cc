#include "batch.h"

#include <cstring>

namespace millrace {

namespace {

napi_value typed_array(napi_env env, napi_typedarray_type type, const void* elements, size_t count,
                       size_t size) {
  void* data = nullptr;
  napi_value memory = nullptr, array = nullptr;
  napi_create_arraybuffer(env, count * size, &data, &memory);
  if (count > 0 && data != nullptr) std::memcpy(data, elements, count * size);
  napi_create_typedarray(env, type, count, memory, 0, &array);
  return array;
}

napi_value integers(napi_env env, const int32_t* elements, size_t count) {
  return typed_array(env, napi_int32_array, elements, count, sizeof(int32_t));
}

}  // namespace

void Batch::fail(size_t row, const Failure& failure, bool maybe) {
  columns.offsets()[row] = -1;
  left_--;
  size_t cause = 0;
  while (cause < causes_.size() && !causes_[cause].is(failure, maybe)) cause++;
  if (cause == causes_.size()) causes_.push_back({failure, maybe});
  failed_rows_.push_back(static_cast<int32_t>(row));
  failed_causes_.push_back(static_cast<int32_t>(cause));
}

void Batch::fail_from(size_t first, const Failure& failure, bool maybe) {
  for (size_t row = first; row < count(); row++)
    if (columns.offsets()[row] == Columns::unanswered) fail(row, failure, maybe && row < next);
  next = count();
}

napi_value Batch::result(napi_env env) const {
  napi_value object = js::object(env);
  js::set(env, object, "partitions", integers(env, columns.partitions(), count()));
  js::set(env, object, "offsets",
          typed_array(env, napi_float64_array, columns.offsets(), count(), sizeof(double)));
  if (failed_rows_.empty()) return object;
  js::set(env, object, "rows", integers(env, failed_rows_.data(), failed_rows_.size()));
  js::set(env, object, "causes", integers(env, failed_causes_.data(), failed_causes_.size()));
  napi_value errors = js::array(env, causes_.size()), maybe = js::array(env, causes_.size());
  for (size_t i = 0; i < causes_.size(); i++) {
    js::put(env, errors, i, causes_[i].failure.error(env));
    js::put(env, maybe, i, js::boolean(env, causes_[i].maybe));
  }
  js::set(env, object, "errors", errors);
  js::set(env, object, "maybe", maybe);
  return object;
}

}  // namespace millrace
