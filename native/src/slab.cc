#include "slab.h"

#include <sys/mman.h>

#include <bit>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>

namespace millrace {

namespace {

/** All slabs that are in use, by where they begin. */
struct InUse {
  std::mutex mutex;
  std::map<const uint8_t*, Slab*> slabs;
};

/** Never destroyed, like the pool. */
InUse& in_use() {
  static InUse* slabs = new InUse;
  return *slabs;
}

}  // namespace

Slab::Slab(uint8_t* data, size_t size) : data_(data), size_(size) {
  InUse& shared = in_use();
  std::lock_guard lock(shared.mutex);
  shared.slabs[data_] = this;
}

std::shared_ptr<Slab> Slab::around(const uint8_t* bytes, size_t size) {
  InUse& shared = in_use();
  std::lock_guard lock(shared.mutex);
  auto after = shared.slabs.upper_bound(bytes);
  if (after == shared.slabs.begin()) return nullptr;
  Slab* slab = std::prev(after)->second;
  if (bytes + size > slab->data_ + slab->size_) return nullptr;
  // Null while its last owner is letting go of it on another thread.
  return slab->weak_from_this().lock();
}

/** Before its memory goes to anybody else. */
void Slab::leave() {
  InUse& shared = in_use();
  std::lock_guard lock(shared.mutex);
  shared.slabs.erase(data_);
}

#ifndef __SANITIZE_ADDRESS__
namespace {

constexpr size_t smallest = 16 * 1024;
constexpr size_t largest_kept = 8 * 1024 * 1024;
constexpr size_t most_kept = 128 * 1024 * 1024;

/** Slabs come back in bursts, when JavaScript's collector runs: one that no burst has needed for so long goes. */
constexpr auto most_idle = std::chrono::seconds(3);

using Clock = std::chrono::steady_clock;

struct Free {
  uint8_t* data;
  Clock::time_point since;
};

/** Free slabs by size. Sizes step by an eighth of a power of two, so at most an eighth of a slab is slack. */
struct Pool {
  std::mutex mutex;
  /** The one that was freed last is used first, so that the first in each list are those that are not needed. */
  std::map<size_t, std::deque<Free>> free;
  size_t kept = 0;
  Clock::time_point trimmed;
};

/** Never destroyed: threads that are left alone at the end of the process may still use it. */
Pool& pool() {
  static Pool* pool = new Pool;
  return *pool;
}

size_t rounded(size_t size) {
  if (size <= smallest) return smallest;
  const size_t step = std::bit_floor(size) / 8;
  return (size + step - 1) / step * step;
}

void trim(Pool& shared, Clock::time_point now) {
  if (now - shared.trimmed < most_idle / 4) return;
  shared.trimmed = now;
  for (auto& [size, slabs] : shared.free) {
    while (!slabs.empty() && now - slabs.front().since > most_idle) {
      munmap(slabs.front().data, size);
      slabs.pop_front();
      shared.kept -= size;
    }
  }
}

uint8_t* reuse(size_t size) {
  Pool& shared = pool();
  std::lock_guard lock(shared.mutex);
  trim(shared, Clock::now());
  auto found = shared.free.find(size);
  if (found == shared.free.end() || found->second.empty()) return nullptr;
  uint8_t* data = found->second.back().data;
  found->second.pop_back();
  shared.kept -= size;
  return data;
}

}  // namespace
#endif

// With AddressSanitizer every slab is a piece of the heap of just its size, so that bad accesses and leaks are seen.
#ifdef __SANITIZE_ADDRESS__

std::shared_ptr<Slab> Slab::take(size_t wanted) {
  auto* data = static_cast<uint8_t*>(std::malloc(wanted));
  return data == nullptr ? nullptr : std::shared_ptr<Slab>(new Slab(data, wanted));
}

Slab::~Slab() {
  leave();
  std::free(data_);
}

#else

std::shared_ptr<Slab> Slab::take(size_t wanted) {
  const size_t size = rounded(wanted);
  uint8_t* data = reuse(size);
  if (data == nullptr) {
    void* fresh = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) return nullptr;
    data = static_cast<uint8_t*>(fresh);
  }
  return std::shared_ptr<Slab>(new Slab(data, size));
}

Slab::~Slab() {
  leave();
  Pool& shared = pool();
  {
    std::lock_guard lock(shared.mutex);
    const auto now = Clock::now();
    trim(shared, now);
    if (size_ <= largest_kept && shared.kept + size_ <= most_kept) {
      shared.kept += size_;
      shared.free[size_].push_back({data_, now});
      return;
    }
  }
  munmap(data_, size_);
}

#endif

}  // namespace millrace
