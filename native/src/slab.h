// Memory for batches. A batch is copied once, into one slab, and JavaScript's garbage collector says when the slab is free.
// Slabs come from the system page by page and are kept for the next batch up to a limit: the general allocator would be
// left with holes of many sizes, and the process would grow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace {

class Slab : public std::enable_shared_from_this<Slab> {
 public:
  /** At least `size` bytes, aligned for any column. The content is undefined. Null where there is no memory. */
  static std::shared_ptr<Slab> take(size_t size);

  /**
   * The slab that these bytes lie in; null where they lie elsewhere. Whoever keeps it may read them for as long as it likes,
   * also after JavaScript has let go of them.
   */
  static std::shared_ptr<Slab> around(const uint8_t* bytes, size_t size);

  ~Slab();
  Slab(const Slab&) = delete;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  Slab(uint8_t* data, size_t size);

  void leave();

  uint8_t* data_;
  size_t size_;
};

}  // namespace millrace
