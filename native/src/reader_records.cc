// The reader's records: from librdkafka's queue into packed runs, and to JavaScript.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "reader.h"

namespace millrace {

namespace {

size_t bytes_of(const Part& part) {
  const Run* run = std::get_if<Run>(&part);
  return run == nullptr ? 0 : run->length + run->count * 40;
}

/** One slab is one ArrayBuffer, however many runs lie in it: two over the same memory are not allowed. */
class Buffers {
 public:
  explicit Buffers(napi_env env) : env_(env) {}

  napi_value of(const std::shared_ptr<Slab>& slab) {
    auto found = buffers_.find(slab.get());
    if (found != buffers_.end()) return found->second;
    napi_value buffer = nullptr;
    auto* owner = new std::shared_ptr<Slab>(slab);
    const napi_status status = napi_create_external_arraybuffer(
        env_, slab->data(), slab->size(),
        [](napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<Slab>*>(hint); }, owner,
        &buffer);
    if (status != napi_ok) delete owner;
    return buffers_[slab.get()] = buffer;
  }

 private:
  napi_env env_;
  std::map<Slab*, napi_value> buffers_;
};

napi_value object_of(napi_env env, const char* type, const TopicPartition& partition, uint32_t tag) {
  napi_value object = js::object(env);
  js::set(env, object, "type", js::string(env, type));
  js::set(env, object, "topic", js::string(env, partition.first));
  js::set(env, object, "partition", js::number(env, partition.second));
  js::set(env, object, "tag", js::number(env, tag));
  return object;
}

napi_value to_js(napi_env env, const Part& part, Buffers& buffers) {
  if (const End* end = std::get_if<End>(&part)) {
    napi_value object = object_of(env, "end", end->partition, end->tag);
    js::set(env, object, "offset", js::number(env, static_cast<double>(end->offset)));
    return object;
  }
  if (const Broken* broken = std::get_if<Broken>(&part)) {
    napi_value object = object_of(env, "failed", broken->partition, broken->tag);
    js::set(env, object, "offset", js::number(env, static_cast<double>(broken->offset)));
    js::set(env, object, "error", broken->failure.error(env));
    return object;
  }
  const Run& run = std::get<Run>(part);
  napi_value object = object_of(env, "records", run.partition, run.tag);
  js::set(env, object, "count", js::number(env, static_cast<double>(run.count)));
  js::set(env, object, "slab", buffers.of(run.slab));
  js::set(env, object, "columns", js::number(env, static_cast<double>(run.columns)));
  js::set(env, object, "bytes", js::number(env, static_cast<double>(run.bytes)));
  js::set(env, object, "length", js::number(env, static_cast<double>(run.length)));
  return object;
}

}  // namespace

void Reader::Lane::put(Part part) {
  ready_bytes += bytes_of(part);
  ready.push_back(std::move(part));
}

void Reader::Lane::put_back(Part part) {
  ready_bytes += bytes_of(part);
  ready.push_front(std::move(part));
}

Part Reader::Lane::take() {
  Part part = std::move(ready.front());
  ready.pop_front();
  ready_bytes -= bytes_of(part);
  return part;
}

void Reader::Lane::forget(const std::function<bool(const Part&)>& gone) {
  std::erase_if(ready, gone);
  ready_bytes = 0;
  for (const Part& part : ready) ready_bytes += bytes_of(part);
}

void Reader::Lane::give(size_t bytes, std::vector<Part>& parts) {
  while (bytes > 0 && !ready.empty()) {
    parts.push_back(take());
    bytes -= std::min(bytes, bytes_of(parts.back()));
  }
}

/** Packs one batch of what librdkafka has; false if it has nothing. */
bool Reader::prepare(Lane& lane) {
  const size_t want =
      std::clamp(options_.batch_bytes / std::max<size_t>(bytes_per_record_, 1), size_t{1}, taken_.size());
  const ssize_t got = rd_kafka_consume_batch_queue(lane.queue.get(), 0, taken_.data(), want);
  lane.more = got == static_cast<ssize_t>(want);
  const bool heard = !heard_.empty();
  if (got > 0) take(static_cast<size_t>(got));
  for (Broken& broken : std::exchange(heard_, {})) keep(std::move(broken));
  return got > 0 || heard;
}

/** Packs until the lane has about so much, or librdkafka has no more. */
void Reader::fill(Lane& lane, size_t bytes) {
  const size_t wanted = std::min(bytes, options_.batch_bytes);
  if (wanted > 0)
    while (lane.ready_bytes < wanted && prepare(lane)) {
    }
}

void Reader::take(size_t got) {
  size_t bytes = 0;
  for (Part& part : pack(taken_.data(), got)) {
    bytes += bytes_of(part);
    keep(std::move(part));
  }
  // Sizes change slowly; a jump up counts more than one down, so that a batch of large records is soon a short one.
  const size_t mean = bytes / got + 1;
  bytes_per_record_ = mean > bytes_per_record_ ? mean : (bytes_per_record_ * 7 + mean) / 8;
}

/** That a topic or partition is gone is told by a sentence alone: "topic [partition]: why". */
void Reader::hear_error(rd_kafka_resp_err_t code, const std::string& reason) {
  Failure failure = Failure::of(code, reason);
  const size_t space = reason.find(" ["), end = reason.find("]: ");
  if (space == std::string::npos || end == std::string::npos || end < space)
    return told_.push_back(failed_event(std::move(failure)));
  const int partition = std::atoi(reason.c_str() + space + 2);
  heard_.push_back({{reason.substr(0, space), partition}, RD_KAFKA_OFFSET_INVALID, std::move(failure)});
}

/** Where a packed part goes: to the next request, aside while its partition is paused, or nowhere. */
void Reader::keep(Part part) {
  const TopicPartition& partition = partition_of(part);
  if (!assignment_->wanted(partition)) return;
  if (const Run* run = std::get_if<Run>(&part)) {
    // When librdkafka stops a partition for a rebalance while records of it are taken, it fetches these once more.
    const int64_t reached = assignment_->reached(partition);
    const size_t known = rows_before(*run, reached);
    if (known == run->count) return;
    assignment_->set_reached(partition, offset_at(*run, run->count - 1) + 1);
    if (known > 0) part = from_row(*run, known);
  } else if (const End* end = std::get_if<End>(&part)) {
    assignment_->set_reached(partition, end->offset, true);
  } else {
    assignment_->set_broken(partition);
  }
  std::visit([&](auto& one) { one.tag = assignment_->tag(one.partition); }, part);
  put(std::move(part));
}

void Reader::put(Part part) {
  const TopicPartition& partition = partition_of(part);
  if (assignment_->paused(partition)) {
    Run* run = std::get_if<Run>(&part);
    kept_[partition].push_back(run == nullptr ? std::move(part) : Part(from_row(*run, 0)));
    return;
  }
  lane_of(partition).put(std::move(part));
}

void Reader::forget(const rd_kafka_topic_partition_list_t* list) {
  for (int i = 0; i < list->cnt; i++) {
    const auto partition = key_of(list->elems[i]);
    kept_.erase(partition);
    for (Lane* lane : {&first_, &data_})
      lane->forget([&](const Part& part) { return partition_of(part) == partition; });
  }
}

void Reader::pause(const rd_kafka_topic_partition_list_t* list) {
  assignment_->pause(list);
  for (Lane* lane : {&first_, &data_}) {
    lane->ready_bytes = 0;
    for (Part& part : std::exchange(lane->ready, {})) put(std::move(part));
  }
}

void Reader::resume(const rd_kafka_topic_partition_list_t* list) {
  for (int i = 0; i < list->cnt; i++) {
    auto found = kept_.find(key_of(list->elems[i]));
    if (found == kept_.end()) continue;
    // In front of whatever is ready: of this partition nothing can be, and the others don't mind.
    Lane& lane = lane_of(found->first);
    for (auto part = found->second.rbegin(); part != found->second.rend(); ++part)
      lane.put_back(std::move(*part));
    kept_.erase(found);
  }
  assignment_->resume(list);
}

void Reader::position(rd_kafka_topic_partition_list_t* list) {
  auto first = [](const std::deque<Part>& parts, const TopicPartition& partition) -> const Run* {
    for (const Part& part : parts) {
      const Run* run = std::get_if<Run>(&part);
      if (run != nullptr && run->partition == partition) return run;
    }
    return nullptr;
  };
  for (int i = 0; i < list->cnt; i++) {
    auto& element = list->elems[i];
    const auto partition = key_of(element);
    element.offset = assignment_->reached(partition);
    const Run* run = first(lane_of(partition).ready, partition);
    if (auto found = kept_.find(partition); found != kept_.end()) run = first(found->second, partition);
    if (run != nullptr) element.offset = offset_at(*run, 0);
  }
}

/** Everything that was told, and records up to the sizes asked for. */
void Reader::answer_request() {
  auto parts = std::make_shared<std::vector<Part>>();
  first_.give(request_->first_bytes, *parts);
  data_.give(request_->max_bytes, *parts);
  auto told = std::make_shared<std::vector<MakeEvent>>(std::exchange(told_, {}));
  Answer answer = std::move(request_->answer);
  request_.reset();
  answer.resolve([parts, told](napi_env env) {
    napi_value list = js::array(env, told->size() + parts->size());
    size_t at = 0;
    for (const MakeEvent& make : *told) js::put(env, list, at++, make(env));
    Buffers buffers(env);
    for (const Part& part : *parts) js::put(env, list, at++, to_js(env, part, buffers));
    return list;
  });
}

}  // namespace millrace
