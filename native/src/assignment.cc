#include "assignment.h"

#include <algorithm>
#include <utility>

namespace millrace {

namespace {

/** librdkafka answers a seek at once; this is for the case that its thread is stuck. */
constexpr int seek_limit_ms = 5000;

template <typename Use>
void each(const rd_kafka_topic_partition_list_t* list, Use use) {
  for (int i = 0; i < list->cnt; i++) use(list->elems[i]);
}

void add(const PartitionList& list, const TopicPartition& partition, int64_t offset) {
  rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)->offset = offset;
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
  if (found == entries_.end()) return false;
  const Entry& entry = found->second;
  return !entry.waiting && !entry.leaving && !entry.broken;
}

bool Assignment::paused(const TopicPartition& partition) const {
  auto found = entries_.find(partition);
  return found != entries_.end() && found->second.paused;
}

bool Assignment::first(const TopicPartition& partition) const {
  auto found = entries_.find(partition);
  return found != entries_.end() && found->second.first;
}

void Assignment::set_broken(const TopicPartition& partition) {
  if (auto found = entries_.find(partition); found != entries_.end()) found->second.broken = true;
}

void Assignment::set_reached(const TopicPartition& partition, int64_t offset, bool at_end) {
  auto found = entries_.find(partition);
  if (found == entries_.end()) return;
  found->second.reached = found->second.start = offset;
  found->second.at_end = at_end;
}

int64_t Assignment::reached(const TopicPartition& partition) const {
  auto found = entries_.find(partition);
  return found == entries_.end() ? RD_KAFKA_OFFSET_INVALID : found->second.reached;
}

uint32_t Assignment::tag(const TopicPartition& partition) const {
  auto found = entries_.find(partition);
  return found == entries_.end() ? 0 : found->second.tag;
}

Failure Assignment::give(const rd_kafka_topic_partition_list_t* list, uint32_t rebalance) {
  each(list, [&](const auto& element) {
    auto [entry, added] = entries_.try_emplace(key_of(element));
    entry->second.given = rebalance;
    if (added) entry->second.waiting = true;
  });
  PartitionList none(rd_kafka_topic_partition_list_new(0));
  return eager() ? replace_all() : add_all(none.get());
}

Failure Assignment::revoke(const rd_kafka_topic_partition_list_t* list) {
  revoking_ = true;
  revoked_.clear();
  owed_.clear();
  given_up_.clear();
  each(list, [this](const auto& element) {
    auto found = entries_.find(key_of(element));
    if (found == entries_.end()) return;
    found->second.leaving = true;
    revoked_.insert(found->first);
    owed_.insert(found->first);
  });
  return owed_.empty() ? answer_revocation() : Failure{};
}

Failure Assignment::lose(const rd_kafka_topic_partition_list_t* list) {
  // Whatever was given up while a revocation was pending goes now, too: nobody will ask for an answer to it any more.
  std::set<TopicPartition> gone;
  if (std::exchange(revoking_, false)) gone = std::exchange(given_up_, {});
  each(list, [&gone, this](const auto& element) {
    if (entries_.contains(key_of(element))) gone.insert(key_of(element));
  });
  return erase(gone, true);
}

/** Takes partitions out. `asked`: the group waits for it, also where librdkafka reads none of them. */
Failure Assignment::erase(const std::set<TopicPartition>& partitions, bool asked) {
  std::set<TopicPartition> read;
  for (const auto& partition : partitions) {
    auto found = entries_.find(partition);
    if (found == entries_.end()) continue;
    if (!found->second.waiting) read.insert(partition);
    entries_.erase(found);
  }
  if (eager()) return asked ? release_all() : replace_all();
  if (!asked && read.empty()) return {};
  if (!asked) unasked_ = true;
  return subtract(read);
}

/** A partition that is not read yet. */
void Assignment::open(const TopicPartition& partition, int64_t offset) {
  Entry& entry = entries_[partition];
  entry.waiting = false;
  entry.start = offset;
  // Before it is assigned, or its first records would go to the group's own queue.
  connect(partition, entry);
}

void Assignment::connect(const TopicPartition& partition, Entry& entry) {
  entry.queue.reset(rd_kafka_queue_get_partition(client_, partition.first.c_str(), partition.second));
  forward(entry);
}

void Assignment::forward(const Entry& entry) {
  rd_kafka_queue_forward(entry.queue.get(), entry.paused ? nullptr : entry.first ? first_ : data_);
}

/**
 * A partition that was stopped before it was assigned once more has lost its connection with our queue: librdkafka's
 * thread cuts it when it comes to the stop. It has done so when it answers what is asked after the assignment.
 */
Failure Assignment::reconnect(Failure assigned) {
  protocol();
  for (auto& [partition, entry] : entries_)
    if (!entry.leaving && !entry.waiting) connect(partition, entry);
  return assigned;
}

void Assignment::go_to(const TopicPartition& partition, int64_t offset) {
  Entry& entry = entries_[partition];
  entry.start = offset;
  entry.reached = RD_KAFKA_OFFSET_INVALID;
  entry.broken = false;
  entry.at_end = false;
}

/** One that was given up by hand during a revocation may come back before that is over; one of the group's may not. */
Failure Assignment::adopt(const TopicPartition& partition) {
  Entry& entry = entries_[partition];
  if (!entry.leaving) return {};
  if (revoked_.contains(partition))
    return Failure::of(
        RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
        name_of(partition) + " is being revoked: it can be assigned when the group has given it again.");
  entry.leaving = false;
  given_up_.erase(partition);
  return {};
}

Failure Assignment::assign(const rd_kafka_topic_partition_list_t* list) {
  PartitionList added(rd_kafka_topic_partition_list_new(list->cnt));
  PartitionList moved(rd_kafka_topic_partition_list_new(0));
  std::map<TopicPartition, uint32_t> given;
  Failure failure;
  each(list, [&](const rd_kafka_topic_partition_t& element) {
    const auto partition = key_of(element);
    const Marks marks = marks_of(element);
    auto found = entries_.find(partition);
    if (marks.given != 0 && (found == entries_.end() || found->second.given != marks.given)) {
      failure = Failure::of(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, name_of(partition) + " was lost.");
      return;
    }
    if (found != entries_.end() && found->second.leaving) {
      failure = adopt(partition);
      if (found->second.leaving) return;
    }
    const bool begins = found == entries_.end() || found->second.waiting;
    if (!begins && element.offset == RD_KAFKA_OFFSET_INVALID) return;
    if (begins) {
      if (found != entries_.end()) given[partition] = found->second.given;
      entries_[partition].first = marks.first;
      open(partition, element.offset);
    }
    entries_[partition].tag = marks.tag;
    add(begins ? added : moved, partition, element.offset);
  });
  Failure adding = eager() ? replace_all() : add_all(added.get());
  if (adding)
    each(added.get(), [&](const auto& element) {
      entries_.erase(key_of(element));
      if (auto was = given.find(key_of(element)); was != given.end()) {
        entries_[was->first].waiting = true;
        entries_[was->first].given = was->second;
      }
    });
  else if (moved->cnt > 0)
    adding = seek(moved.get());
  return adding ? adding : failure;
}

Failure Assignment::unassign(const rd_kafka_topic_partition_list_t* list) {
  std::set<TopicPartition> gone;
  each(list, [&](const auto& element) {
    auto found = entries_.find(key_of(element));
    if (found == entries_.end()) return;
    if (const uint32_t given = marks_of(element).given; given != 0 && given != found->second.given) return;
    gone.insert(found->first);
    owed_.erase(found->first);
    if (!revoking_) return;
    found->second.leaving = true;
    given_up_.insert(found->first);
  });
  if (revoking_) return owed_.empty() ? answer_revocation() : Failure{};
  return gone.empty() ? Failure{} : erase(gone, false);
}

Failure Assignment::answer_revocation() {
  revoking_ = false;
  return erase(std::exchange(given_up_, {}), true);
}

/** The eager answer to a revocation takes everything; what was added by hand goes on where it was. */
Failure Assignment::release_all() {
  Failure failure = Failure::of(rd_kafka_assign(client_, nullptr));
  return failure || entries_.empty() ? failure : replace_all();
}

void Assignment::give_up() {
  revoking_ = false;
  entries_.clear();
  // A client that closes takes this as the answer under every protocol.
  rd_kafka_assign(client_, nullptr);
}

Failure Assignment::add_all(const rd_kafka_topic_partition_list_t* list) {
  return reconnect(Failure::take(rd_kafka_incremental_assign(client_, list)));
}

Failure Assignment::subtract(const std::set<TopicPartition>& partitions) {
  return Failure::take(rd_kafka_incremental_unassign(client_, list_of(partitions).get()));
}

/**
 * While a rebalance waits for its answer librdkafka stops all partitions; afterwards it goes on behind the last thing that
 * was taken. It counts the news of an end as a record, and would leave out the next one (rd_kafka_q_serve_rkmessages).
 */
void Assignment::keep_positions() {
  PartitionList list(rd_kafka_topic_partition_list_new(0));
  for (const auto& [partition, entry] : entries_)
    if (entry.at_end && !entry.broken) add(list, partition, entry.reached);
  if (list->cnt > 0) Failure::take(rd_kafka_seek_partitions(client_, list.get(), seek_limit_ms));
}

/** The eager way to add or remove: all of it once more, each partition from where it has come to. */
Failure Assignment::replace_all() {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(entries_.size())));
  for (const auto& [partition, entry] : entries_)
    if (!entry.leaving && !entry.waiting) add(list, partition, entry.start);
  return reconnect(Failure::of(rd_kafka_assign(client_, list.get())));
}

void Assignment::pause(const rd_kafka_topic_partition_list_t* list) {
  each(list, [this](const auto& element) {
    auto found = entries_.find(key_of(element));
    if (found == entries_.end() || found->second.paused) return;
    found->second.paused = true;
    if (found->second.waiting) return;
    forward(found->second);
  });
}

void Assignment::resume(const rd_kafka_topic_partition_list_t* list) {
  each(list, [this](const auto& element) {
    auto found = entries_.find(key_of(element));
    if (found == entries_.end() || !found->second.paused) return;
    found->second.paused = false;
    if (found->second.waiting) return;
    forward(found->second);
  });
}

Failure Assignment::seek(const rd_kafka_topic_partition_list_t* list) {
  PartitionList running(rd_kafka_topic_partition_list_new(list->cnt));
  PartitionList others(rd_kafka_topic_partition_list_new(0));
  Failure failure;
  each(list, [&](const auto& element) {
    const auto partition = key_of(element);
    auto found = entries_.find(partition);
    if (found == entries_.end() || found->second.waiting) {
      failure = Failure::of(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, name_of(partition) + " is not assigned.");
      return;
    }
    // librdkafka cannot seek to the committed offset, nor where it has stopped.
    const bool stopped = found->second.broken || element.offset == RD_KAFKA_OFFSET_STORED;
    add(stopped ? others : running, partition, element.offset);
    go_to(partition, element.offset);
  });
  if (running->cnt > 0)
    if (Failure whole = Failure::take(rd_kafka_seek_partitions(client_, running.get(), seek_limit_ms)))
      return whole;
  each(running.get(), [&](const auto& element) {
    if (element.err == RD_KAFKA_RESP_ERR__STATE)
      add(others, key_of(element), element.offset);
    else if (element.err)
      failure = Failure::of(element.err, name_of(key_of(element)) + ": " + rd_kafka_err2str(element.err));
  });
  if (others->cnt == 0) return failure;
  Failure restarted = restart(others.get());
  return restarted ? restarted : failure;
}

/** For partitions that cannot seek: they are looking for their first offset still, or have stopped. */
Failure Assignment::restart(const rd_kafka_topic_partition_list_t* list) {
  if (eager()) return replace_all();
  if (revoking_)
    return Failure::of(RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,
                       "A partition that is not being read yet cannot go elsewhere during a revocation.");
  std::set<TopicPartition> partitions;
  each(list, [&partitions](const auto& element) { partitions.insert(key_of(element)); });
  unasked_ = true;
  if (Failure failure = subtract(partitions)) return failure;
  return add_all(list);
}

}  // namespace millrace
