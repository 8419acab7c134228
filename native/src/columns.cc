#include "columns.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace millrace {

namespace {

constexpr size_t row_bytes = 2 * sizeof(double) + 7 * sizeof(int32_t);
constexpr size_t most_rows = 1u << 26;

/** Bytes that no row speaks of are not worth copying: more than this, and rows are picked out one by one. */
constexpr size_t small_waste = 64 * 1024;

/** The smallest slabs are as large: many batches of few records would take far more memory than they need. */
constexpr size_t small_batch = 16 * 1024;

constexpr const char* names[] = {"keyStarts", "keyEnds",      "valueStarts",
                                 "valueEnds", "headerStarts", "headerEnds"};
constexpr const char* parts[] = {"key", "value", "headers"};

/** The memory of a typed array of the type, of `count` elements at least; null otherwise. */
const void* elements(napi_env env, napi_value array, napi_typedarray_type wanted, size_t count) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const auto status = napi_get_typedarray_info(env, array, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != wanted || length < count) return nullptr;
  static const int64_t nothing = 0;
  return data == nullptr ? &nothing : data;
}

}  // namespace

/** Where JavaScript's columns lie. */
struct Columns::Source {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  const double* timestamps = nullptr;
  const int32_t* ranges[6] = {};
  const int32_t* partitions = nullptr;
  int32_t partition = -1;

  bool read(napi_env env, const napi_value* given, size_t count, std::string& problem);
  /** How many bytes the rows speak of. */
  size_t used(size_t count) const;
};

bool Columns::Source::read(napi_env env, const napi_value* given, size_t count, std::string& problem) {
  void* data = nullptr;
  if (napi_get_buffer_info(env, given[1], &data, &size) != napi_ok)
    return problem = "The bytes of a batch are not a Buffer.", false;
  bytes = static_cast<const uint8_t*>(data);
  timestamps = static_cast<const double*>(elements(env, given[2], napi_float64_array, count));
  if (timestamps == nullptr)
    return problem = "The timestamps of a batch are not a Float64Array with a number for each row.", false;
  auto integers = [&](napi_value array, const char* name, const int32_t*& column) {
    column = static_cast<const int32_t*>(elements(env, array, napi_int32_array, count));
    if (column != nullptr) return true;
    problem = std::string("The ") + name + " of a batch are not an Int32Array with a number for each row.";
    return false;
  };
  for (size_t i = 0; i < 6; i++)
    if (!integers(given[3 + i], names[i], ranges[i])) return false;
  if (js::type_of(env, given[9]) != napi_number) return integers(given[9], "partitions", partitions);
  partition = static_cast<int32_t>(js::to_number(env, given[9]));
  return true;
}

size_t Columns::Source::used(size_t count) const {
  size_t total = 0;
  for (size_t part = 0; part < 3; part++) {
    const int32_t *starts = ranges[2 * part], *ends = ranges[2 * part + 1];
    for (size_t row = 0; row < count; row++)
      if (starts[row] >= 0 && ends[row] > starts[row]) total += static_cast<size_t>(ends[row] - starts[row]);
  }
  return total;
}

bool Columns::take(napi_env env, const napi_value* given, std::string& problem) {
  const double count = js::to_number(env, given[0], -1);
  if (!(count >= 0 && count <= most_rows))
    return problem = "The count of a batch is not a number of rows.", false;
  count_ = static_cast<size_t>(count);
  Source source;
  if (!source.read(env, given, count_, problem)) return false;
  // Rows may share bytes, so that picking them out could also take more than there is.
  const size_t used = source.used(count_);
  const bool whole = source.size <= 2 * used + small_waste;
  // What a reader has packed stays where it is: nobody writes there.
  if (whole && source.size > 0) shared_ = Slab::around(source.bytes, source.size);
  if (!reserve(shared_ != nullptr ? 0 : whole ? source.size : used)) return problem = "There is no memory for the batch.", false;
  place(source);
  if (shared_ != nullptr) bytes_ = const_cast<uint8_t*>(source.bytes);
  if (!check(source.size, problem)) return false;
  if (shared_ != nullptr) return true;
  if (!whole) return gather(source, used) || (problem = "The batch was changed while it was copied.", false);
  if (source.size > 0) std::memcpy(bytes_, source.bytes, source.size);
  return true;
}

bool Columns::reserve(size_t bytes) {
  const size_t size = count_ * row_bytes + bytes;
  if (size < small_batch) {
    memory_.reset(new (std::nothrow) uint8_t[size], std::default_delete<uint8_t[]>());
  } else if (auto slab = Slab::take(size)) {
    memory_ = std::shared_ptr<uint8_t>(slab, slab->data());
  }
  if (memory_ == nullptr) return false;
  timestamps_ = reinterpret_cast<double*>(memory_.get());
  offsets_ = timestamps_ + count_;
  starts_ = reinterpret_cast<int32_t*>(offsets_ + count_);
  partitions_ = starts_ + 6 * count_;
  bytes_ = reinterpret_cast<uint8_t*>(partitions_ + count_);
  return true;
}

void Columns::place(const Source& source) {
  if (count_ == 0) return;
  std::memcpy(timestamps_, source.timestamps, count_ * sizeof(double));
  for (size_t i = 0; i < 6; i++)
    std::memcpy(starts_ + i * count_, source.ranges[i], count_ * sizeof(int32_t));
  std::fill_n(offsets_, count_, unanswered);
  if (source.partitions == nullptr)
    std::fill_n(partitions_, count_, source.partition);
  else
    std::memcpy(partitions_, source.partitions, count_ * sizeof(int32_t));
}

/** Looks at the copy, which nobody can change any more. */
bool Columns::check(size_t size, std::string& problem) const {
  const auto limit = static_cast<int64_t>(size);
  for (size_t part = 0; part < 3; part++) {
    const int32_t* starts = starts_ + 2 * part * count_;
    const int32_t* ends = starts + count_;
    for (size_t row = 0; row < count_; row++) {
      if (starts[row] == -1 || (starts[row] >= 0 && starts[row] <= ends[row] && ends[row] <= limit)) continue;
      problem = "Row " + std::to_string(row) + ": its " + parts[part] + " from " +
                std::to_string(starts[row]) + " to " + std::to_string(ends[row]) +
                (part == headers ? " lie" : " lies") + " outside of the batch's " + std::to_string(size) +
                " bytes.";
      return false;
    }
  }
  return true;
}

bool Columns::gather(const Source& source, size_t room) {
  size_t at = 0;
  for (size_t row = 0; row < count_; row++) {
    for (size_t part = 0; part < 3; part++) {
      int32_t& start = starts_[2 * part * count_ + row];
      int32_t& end = starts_[(2 * part + 1) * count_ + row];
      if (start < 0) continue;
      const auto length = static_cast<size_t>(end - start);
      if (length > room - at) return false;
      std::memcpy(bytes_ + at, source.bytes + start, length);
      start = static_cast<int32_t>(at);
      at += length;
      end = static_cast<int32_t>(at);
    }
  }
  return true;
}

}  // namespace millrace
