#include "committed.h"

#include <algorithm>
#include <thread>

#include "raii.h"
#include "settings.h"

namespace millrace {

namespace {

/** How long one call may block. */
constexpr auto one_call = std::chrono::milliseconds(1000);

/** How long a coordinator is left alone before it is asked again. */
constexpr auto pause_between = std::chrono::milliseconds(50);

void destroy_at_once(rd_kafka_t* client) {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

using Client = std::unique_ptr<rd_kafka_t, Destroyer<destroy_at_once>>;

std::string setting(rd_kafka_t* client, const char* name) {
  char value[512] = "";
  size_t size = sizeof value;
  return rd_kafka_conf_get(rd_kafka_conf(client), name, value, &size) == RD_KAFKA_CONF_OK ? value : "";
}

const char* isolation_of(const CommittedRequest& question) {
  return question.stable ? "read_committed" : "read_uncommitted";
}

Client other_client(rd_kafka_t* client, const CommittedRequest& question, Failure& failure) {
  Conf conf(rd_kafka_conf_dup(rd_kafka_conf(client)));
  char reason[256];
  for (const auto& [name, value] : Settings{{"group.id", question.group},
                                            {"isolation.level", isolation_of(question)},
                                            {"statistics.interval.ms", "0"}})
    rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason, sizeof reason);
  Client other(open_client(RD_KAFKA_CONSUMER, std::move(conf), failure));
  if (other != nullptr && question.token) set_token(other.get(), *question.token);
  return other;
}

bool passes(rd_kafka_resp_err_t code) {
  switch (code) {
    // A transaction that holds these offsets is still open: it ends by itself, or the broker ends it.
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    // A group is asked for the first time, or moves from one broker to another.
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    // Only that of one call.
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Failure fetch_committed(rd_kafka_t* client, const CommittedRequest& question,
                        const std::atomic<bool>& hurry) {
  const bool is_own = setting(client, "group.id") == question.group &&
                      setting(client, "isolation.level") == isolation_of(question);
  Failure failure;
  Client other = is_own ? nullptr : other_client(client, question, failure);
  if (failure) return failure;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(question.until - Clock::now());
    const auto limit = std::clamp(left, std::chrono::milliseconds(1), one_call);
    failure = Failure::of(rd_kafka_committed(is_own ? client : other.get(), question.list.get(),
                                             static_cast<int>(limit.count())));
    if (!failure) failure = first_failure(question.list.get());
    if (!passes(failure.code) || hurry || Clock::now() + pause_between >= question.until) return failure;
    std::this_thread::sleep_for(pause_between);
  }
}

}  // namespace millrace
