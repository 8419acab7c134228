#include "partitions.h"

#include <cstdlib>
#include <cstring>

namespace millrace {

namespace {

/** Metadata belongs to the list afterwards, which frees it with free(). */
void set_metadata(rd_kafka_topic_partition_t* element, const std::string& metadata) {
  element->metadata = std::malloc(metadata.size() + 1);
  std::memcpy(element->metadata, metadata.c_str(), metadata.size() + 1);
  element->metadata_size = metadata.size();
}

uint32_t mark(napi_env env, napi_value entry, const char* name) {
  return static_cast<uint32_t>(js::to_number(env, js::get(env, entry, name), 0));
}

}  // namespace

Marks marks_of(const rd_kafka_topic_partition_t& element) {
  const auto both = reinterpret_cast<uintptr_t>(element.opaque);
  return {static_cast<uint32_t>(both), static_cast<uint32_t>(both >> 33), (both >> 32 & 1) != 0};
}

PartitionList partitions_of(napi_env env, napi_value array, int64_t otherwise) {
  const size_t count = js::length(env, array);
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(count)));
  for (size_t i = 0; i < count; i++) {
    napi_value entry = js::at(env, array, i);
    auto* element = rd_kafka_topic_partition_list_add(
        list.get(), js::to_string(env, js::get(env, entry, "topic")).c_str(),
        static_cast<int32_t>(js::to_number(env, js::get(env, entry, "partition"))));
    element->offset = static_cast<int64_t>(
        js::to_number(env, js::get(env, entry, "offset"), static_cast<double>(otherwise)));
    napi_value metadata = js::get(env, entry, "metadata");
    if (js::type_of(env, metadata) == napi_string) set_metadata(element, js::to_string(env, metadata));
    napi_value epoch = js::get(env, entry, "leaderEpoch");
    if (js::type_of(env, epoch) == napi_number)
      rd_kafka_topic_partition_set_leader_epoch(element, static_cast<int32_t>(js::to_number(env, epoch)));
    const uintptr_t given = mark(env, entry, "given");
    const uintptr_t first = js::to_boolean(env, js::get(env, entry, "first")) ? 1 : 0;
    element->opaque = reinterpret_cast<void*>(given << 33 | first << 32 | mark(env, entry, "tag"));
  }
  return list;
}

napi_value to_js(napi_env env, const rd_kafka_topic_partition_list_t* list) {
  napi_value array = js::array(env, static_cast<size_t>(list->cnt));
  for (int i = 0; i < list->cnt; i++) {
    const auto& element = list->elems[i];
    napi_value entry = js::object(env);
    js::set(env, entry, "topic", js::string(env, element.topic));
    js::set(env, entry, "partition", js::number(env, element.partition));
    js::set(env, entry, "offset", js::number(env, static_cast<double>(element.offset)));
    if (element.metadata_size > 0)
      js::set(env, entry, "metadata",
              js::string(env, static_cast<const char*>(element.metadata), element.metadata_size));
    const int32_t epoch = rd_kafka_topic_partition_get_leader_epoch(&element);
    if (epoch >= 0) js::set(env, entry, "leaderEpoch", js::number(env, epoch));
    if (element.err) js::set(env, entry, "error", Failure::of(element.err).error(env));
    js::put(env, array, static_cast<size_t>(i), entry);
  }
  return array;
}

Failure first_failure(const rd_kafka_topic_partition_list_t* list) {
  for (int i = 0; i < list->cnt; i++) {
    const auto& element = list->elems[i];
    if (element.err)
      return Failure::of(element.err, name_of(key_of(element)) + ": " + rd_kafka_err2str(element.err));
  }
  return {};
}

}  // namespace millrace
