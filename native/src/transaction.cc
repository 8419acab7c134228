#include "transaction.h"

#include <algorithm>

namespace millrace {

namespace {

constexpr auto slice = std::chrono::milliseconds(250);

/** Librdkafka takes whole milliseconds, and 0 would not even try. */
int left(Clock::time_point deadline) {
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(rest, 1, 1'000'000'000));
}

/** A call that goes on in the background when its time is over, and is taken up again by calling it again. */
Failure in_slices(rd_kafka_t* client, rd_kafka_error_t* (*call)(rd_kafka_t*, int), Clock::time_point deadline,
                  const std::atomic<bool>& hurry) {
  for (;;) {
    const auto until = std::min(deadline, Clock::now() + slice);
    Failure failure = Failure::take(call(client, left(until)));
    // One that comes before its time is no time-out of ours: the caller decides.
    const bool is_early = Clock::now() < until - std::chrono::milliseconds(5);
    if (!failure || !failure.retriable || is_early || hurry || until == deadline) return failure;
  }
}

}  // namespace

Failure Transaction::run(rd_kafka_t* client, const Step& step, const std::atomic<bool>& hurry) {
  switch (step.kind) {
    case Kind::initialize:
      return in_slices(client, rd_kafka_init_transactions, step.deadline, hurry);
    case Kind::begin:
      return Failure::take(rd_kafka_begin_transaction(client));
    case Kind::send_offsets:
      return Failure::take(rd_kafka_send_offsets_to_transaction(
          client, step.offsets->list.get(), step.offsets->group.get(), left(step.deadline)));
    case Kind::commit:
      return in_slices(client, rd_kafka_commit_transaction, step.deadline, hurry);
    case Kind::abort:
      return in_slices(client, rd_kafka_abort_transaction, step.deadline, hurry);
  }
  return {};
}

void Transaction::ended(Kind kind, const Failure& failure) {
  if (failure.fatal) {
    open_ = false;
    loose_end_.reset();
  } else if (!failure && kind == Kind::begin) {
    open_ = true;
    loose_end_ = Kind::abort;
  } else if (!failure && (kind == Kind::commit || kind == Kind::abort)) {
    open_ = false;
    loose_end_.reset();
  } else if (failure.retriable && (kind == Kind::commit || kind == Kind::abort)) {
    // Librdkafka goes on with it, and takes no other call than this one again.
    loose_end_ = kind;
  }
}

}  // namespace millrace
