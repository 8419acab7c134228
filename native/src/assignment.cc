#include "assignment.h"

namespace millrace {

namespace {

constexpr int seek_limit_ms = 5000;

template <typename Use>
void each(const rd_kafka_topic_partition_list_t* list, Use use) {
  for (int i = 0; i < list->cnt; i++) use(list->elems[i]);
}

}  // namespace

const std::string& Assignment::protocol() {
  // While the client closes it says NONE, though the group still waits for an answer in its own protocol.
  const std::string now = rd_kafka_rebalance_protocol(client_);
  if (now != "NONE" && !now.empty()) protocol_ = now;
  return protocol_;
}

bool Assignment::wanted(const TopicPartition& partition) const {
  auto found = entries_.find(partition);
  return found != entries_.end() && !found->second.leaving;
}

bool Assignment::paused(const TopicPartition& partition) const {
  auto found = entries_.find(partition);
  return found != entries_.end() && found->second.paused;
}

Failure Assignment::revoke(const rd_kafka_topic_partition_list_t* list) {
  revoking_ = true;
  owed_.clear();
  given_up_.clear();
  each(list, [this](const auto& element) {
    auto found = entries_.find(key_of(element));
    if (found == entries_.end()) return;
    found->second.leaving = true;
    owed_.insert(found->first);
  });
  return owed_.empty() ? answer_revocation() : Failure{};
}

Failure Assignment::lose(const rd_kafka_topic_partition_list_t* list) {
  std::set<TopicPartition> gone;
  each(list, [this, &gone](const auto& element) {
    if (entries_.erase(key_of(element)) > 0) gone.insert(key_of(element));
  });
  revoking_ = false;
  if (eager()) {
    entries_.clear();
    return Failure::of(rd_kafka_assign(client_, nullptr));
  }
  return subtract(gone);
}

Failure Assignment::assign(const rd_kafka_topic_partition_list_t* list) {
  PartitionList added(rd_kafka_topic_partition_list_new(list->cnt));
  PartitionList moved(rd_kafka_topic_partition_list_new(0));
  each(list, [&](const rd_kafka_topic_partition_t& element) {
    const auto key = key_of(element);
    const bool known = entries_.contains(key);
    Entry& entry = entries_[key];
    if (known && element.offset == RD_KAFKA_OFFSET_INVALID) return;
    auto* copy = rd_kafka_topic_partition_list_add(known ? moved.get() : added.get(), element.topic, element.partition);
    copy->offset = element.offset;
    if (known) return;
    // Before it is assigned, or its first records would go to the group's own queue.
    entry.start = element.offset;
    entry.queue.reset(rd_kafka_queue_get_partition(client_, element.topic, element.partition));
    rd_kafka_queue_forward(entry.queue.get(), data_);
  });
  Failure failure = eager() ? replace_all() : Failure::take(rd_kafka_incremental_assign(client_, added.get()));
  if (failure)
    each(added.get(), [this](const auto& element) { entries_.erase(key_of(element)); });
  else if (moved->cnt > 0)
    failure = seek(moved.get());
  return failure;
}

Failure Assignment::unassign(const rd_kafka_topic_partition_list_t* list) {
  std::set<TopicPartition> gone;
  each(list, [&](const auto& element) {
    auto found = entries_.find(key_of(element));
    if (found == entries_.end()) return;
    gone.insert(found->first);
    owed_.erase(found->first);
    if (revoking_) {
      found->second.leaving = true;
      given_up_.insert(found->first);
    } else {
      entries_.erase(found);
    }
  });
  if (revoking_) return owed_.empty() ? answer_revocation() : Failure{};
  if (gone.empty()) return {};
  return eager() ? replace_all() : subtract(gone);
}

Failure Assignment::answer_revocation() {
  revoking_ = false;
  for (const auto& partition : given_up_) entries_.erase(partition);
  if (!eager()) return Failure::take(rd_kafka_incremental_unassign(client_, list_of(given_up_).get()));
  // The eager protocol knows only all or nothing: what was added by hand goes with the rest.
  entries_.clear();
  return Failure::of(rd_kafka_assign(client_, nullptr));
}

Failure Assignment::give_up() {
  revoking_ = false;
  owed_.clear();
  std::set<TopicPartition> all;
  for (const auto& [partition, entry] : entries_) all.insert(partition);
  entries_.clear();
  if (protocol() != "COOPERATIVE") return Failure::of(rd_kafka_assign(client_, nullptr));
  // The group may wait for either answer: an empty one does where no other is due.
  Failure failure = subtract(all);
  PartitionList none(rd_kafka_topic_partition_list_new(0));
  rd_kafka_error_t* error = rd_kafka_incremental_assign(client_, none.get());
  return failure ? (Failure::take(error), failure) : Failure::take(error);
}

Failure Assignment::subtract(const std::set<TopicPartition>& partitions) {
  return Failure::take(rd_kafka_incremental_unassign(client_, list_of(partitions).get()));
}

/** The eager way to add or remove: all of it once more, each partition from where it has come to. */
Failure Assignment::replace_all() {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(entries_.size())));
  for (const auto& [partition, entry] : entries_)
    rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second);
  rd_kafka_position(client_, list.get());
  each(list.get(), [this](rd_kafka_topic_partition_t& element) {
    if (element.offset == RD_KAFKA_OFFSET_INVALID) element.offset = entries_[key_of(element)].start;
    element.err = RD_KAFKA_RESP_ERR_NO_ERROR;
  });
  return Failure::of(rd_kafka_assign(client_, list.get()));
}

void Assignment::pause(const rd_kafka_topic_partition_list_t* list) {
  each(list, [this](const auto& element) {
    auto found = entries_.find(key_of(element));
    if (found == entries_.end() || found->second.paused) return;
    found->second.paused = true;
    rd_kafka_queue_forward(found->second.queue.get(), nullptr);
  });
}

void Assignment::resume(const rd_kafka_topic_partition_list_t* list) {
  each(list, [this](const auto& element) {
    auto found = entries_.find(key_of(element));
    if (found == entries_.end() || !found->second.paused) return;
    found->second.paused = false;
    rd_kafka_queue_forward(found->second.queue.get(), data_);
  });
}

Failure Assignment::seek(const rd_kafka_topic_partition_list_t* list) {
  PartitionList copy(rd_kafka_topic_partition_list_copy(list));
  Failure failure = Failure::take(rd_kafka_seek_partitions(client_, copy.get(), seek_limit_ms));
  each(list, [this](const auto& element) {
    auto found = entries_.find(key_of(element));
    if (found != entries_.end()) found->second.start = element.offset;
  });
  return failure ? failure : first_failure(copy.get());
}

}  // namespace millrace
