// Offsets that a group has committed.
//
// librdkafka has two ways to ask for them. Its admin request takes any group, but (2.12) remembers the group's coordinator
// for ever: when that broker was replaced, the request never ends, and when it runs out of time before the coordinator is
// found, librdkafka uses what it has freed. The consumer's own question follows the coordinator. So it is used for all: for
// other groups by a client that is made for the purpose.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "mailbox.h"
#include "oauth.h"
#include "partitions.h"

namespace millrace {

struct CommittedRequest {
  std::string group;
  std::shared_ptr<rd_kafka_topic_partition_list_t> list;
  /** Wait for an open transaction that could still change the offsets (KIP-447). */
  bool stable = true;
  Clock::time_point until;
  /** The last token of the client, for another one. */
  std::optional<Token> token;
};

/**
 * Fills the question's list. Blocks until there is an answer, the time is over, or somebody is in a `hurry` (then a second
 * at most).
 */
Failure fetch_committed(rd_kafka_t* client, const CommittedRequest& question, const std::atomic<bool>& hurry);

}  // namespace millrace
