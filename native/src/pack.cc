#include "pack.h"

#include <cstring>
#include <new>

#include "packed_headers.h"

namespace millrace {

namespace {

constexpr size_t column_bytes = 2 * sizeof(double) + 6 * sizeof(int32_t);

/** Columns and offsets in a run are 32-bit: a run never comes near (librdkafka's own queue limits are below). */
constexpr size_t most_bytes = 1u << 30;

struct Pending {
  const rd_kafka_topic_t* topic = nullptr;
  int32_t partition = -1;
  std::vector<rd_kafka_message_t*> records;
  size_t bytes = 0;
  size_t part = 0;
  bool open = true;
};

size_t aligned(size_t size) { return (size + 7) & ~size_t{7}; }

TopicPartition partition_of(const rd_kafka_message_t* record) {
  return {record->rkt == nullptr ? "" : rd_kafka_topic_name(record->rkt), record->partition};
}

/** Sorts records into runs, which follow one another in the order of their first records. */
class Sorter {
 public:
  explicit Sorter(std::vector<Part>& parts) : parts_(parts) {}

  void add(rd_kafka_message_t* record) {
    if (record->err) return add_error(record);
    const auto headers = packed_size(record);
    if (!headers)
      return add_broken(record,
                        Failure::of(RD_KAFKA_RESP_ERR__BAD_MSG, "The headers of a record are damaged."));
    const size_t size = record->len + record->key_len + *headers;
    Pending& run = run_of(record, size);
    run.records.push_back(record);
    run.bytes += size;
  }

  std::vector<Pending>& runs() { return runs_; }

 private:
  void add_error(rd_kafka_message_t* record) {
    if (record->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
      return add_broken(record, Failure::of(record->err, rd_kafka_message_errstr(record)));
    end_run(record);
    parts_.push_back(End{partition_of(record), record->offset});
    rd_kafka_message_destroy(record);
  }

  void add_broken(rd_kafka_message_t* record, Failure failure) {
    end_run(record);
    parts_.push_back(Broken{partition_of(record), record->offset, std::move(failure)});
    rd_kafka_message_destroy(record);
  }

  /** What comes after it in the partition belongs behind it. */
  void end_run(const rd_kafka_message_t* record) {
    for (Pending& run : runs_)
      if (run.topic == record->rkt && run.partition == record->partition) run.open = false;
    last_ = none;
  }

  Pending& run_of(const rd_kafka_message_t* record, size_t size) {
    if (last_ != none && fits(runs_[last_], record, size)) return runs_[last_];
    for (last_ = 0; last_ < runs_.size(); last_++)
      if (fits(runs_[last_], record, size)) return runs_[last_];
    runs_.push_back({record->rkt, record->partition, {}, 0, parts_.size(), true});
    parts_.push_back(Run{});
    return runs_.back();
  }

  static bool fits(Pending& run, const rd_kafka_message_t* record, size_t size) {
    if (!run.open || run.topic != record->rkt || run.partition != record->partition) return false;
    run.open = run.bytes + size <= most_bytes;
    return run.open;
  }

  static constexpr size_t none = SIZE_MAX;
  std::vector<Part>& parts_;
  std::vector<Pending> runs_;
  size_t last_ = none;
};

/** Copies the records of a run into its place, and destroys them. */
void fill(const Run& run, std::vector<rd_kafka_message_t*>& records) {
  const size_t count = records.size();
  auto* offsets = reinterpret_cast<double*>(run.slab->data() + run.columns);
  auto* timestamps = offsets + count;
  auto* starts = reinterpret_cast<int32_t*>(timestamps + count);
  uint8_t* const bytes = run.slab->data() + run.bytes;
  uint8_t* at = bytes;
  // The six columns follow one another: starts and ends of keys, of values, of headers.
  auto place = [&](size_t row, size_t column, const void* data, size_t length) {
    starts[column * count + row] = data == nullptr ? -1 : static_cast<int32_t>(at - bytes);
    if (data != nullptr && length > 0) {
      std::memcpy(at, data, length);
      at += length;
    }
    starts[(column + 1) * count + row] = data == nullptr ? -1 : static_cast<int32_t>(at - bytes);
  };
  for (size_t row = 0; row < count; row++) {
    rd_kafka_message_t* record = records[row];
    rd_kafka_timestamp_type_t type;
    offsets[row] = static_cast<double>(record->offset);
    timestamps[row] = static_cast<double>(rd_kafka_message_timestamp(record, &type));
    place(row, 0, record->key, record->key_len);
    place(row, 2, record->payload, record->len);
    starts[4 * count + row] = static_cast<int32_t>(at - bytes);
    at = pack_headers(record, at);
    starts[5 * count + row] = static_cast<int32_t>(at - bytes);
    rd_kafka_message_destroy(record);
  }
}

/** The reader's thread has nobody to tell: without memory the process ends. */
std::shared_ptr<Slab> memory(size_t size) {
  auto slab = Slab::take(size);
  if (slab == nullptr) throw std::bad_alloc();
  return slab;
}

}  // namespace

std::vector<Part> pack(rd_kafka_message_t** records, size_t count) {
  std::vector<Part> parts;
  Sorter sorter(parts);
  for (size_t i = 0; i < count; i++) sorter.add(records[i]);
  size_t total = 0;
  for (const Pending& run : sorter.runs())
    total += aligned(run.records.size() * column_bytes) + aligned(run.bytes);
  auto slab = total == 0 ? nullptr : memory(total);
  size_t at = 0;
  for (Pending& pending : sorter.runs()) {
    Run run{partition_of(pending.records.front()), slab, pending.records.size(), at, 0, pending.bytes};
    run.bytes = at + aligned(run.count * column_bytes);
    at = run.bytes + aligned(run.length);
    fill(run, pending.records);
    parts[pending.part] = std::move(run);
  }
  return parts;
}

int64_t offset_at(const Run& run, size_t row) {
  double offset;
  std::memcpy(&offset, run.slab->data() + run.columns + row * sizeof offset, sizeof offset);
  return static_cast<int64_t>(offset);
}

size_t rows_before(const Run& run, int64_t offset) {
  size_t rows = 0;
  while (rows < run.count && offset_at(run, rows) < offset) rows++;
  return rows;
}

Run from_row(const Run& run, size_t row) {
  Run rest = run;
  rest.count = run.count - row;
  rest.columns = 0;
  rest.bytes = aligned(rest.count * column_bytes);
  rest.slab = memory(rest.bytes + run.length);
  // A column after the other: two of 8 bytes, six of 4.
  uint8_t* to = rest.slab->data();
  const uint8_t* from = run.slab->data() + run.columns;
  for (size_t column = 0; column < 8; column++) {
    const size_t width = column < 2 ? sizeof(double) : sizeof(int32_t);
    std::memcpy(to, from + row * width, rest.count * width);
    to += rest.count * width;
    from += run.count * width;
  }
  std::memcpy(rest.slab->data() + rest.bytes, run.slab->data() + run.bytes, run.length);
  return rest;
}

}  // namespace millrace
