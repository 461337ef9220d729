#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <typeinfo>
#include <utility>

namespace latchkey::http {

/// What the access hook has found out about a request's caller, of a type that only the hook and the handlers
/// know. Like std::any, but in place: every request that is signed in has one.
class CallerSlot {
 public:
  CallerSlot() = default;
  CallerSlot(const CallerSlot&) = delete;
  CallerSlot& operator=(const CallerSlot&) = delete;
  ~CallerSlot() { reset(); }

  template <class T>
  void set(T caller) {
    static_assert(sizeof(T) <= room && alignof(T) <= alignof(std::max_align_t), "make more room");
    reset();
    ::new (memory_) T(std::move(caller));
    type_ = &typeid(T);
    destroy_ = destroy<T>;
  }
  /// nullptr when nothing is there, or something of another type.
  template <class T>
  const T* get() const {
    return type_ != nullptr && *type_ == typeid(T) ? std::launder(reinterpret_cast<const T*>(memory_))
                                                   : nullptr;
  }
  void reset() {
    if (std::exchange(type_, nullptr) != nullptr) destroy_(memory_);
  }

 private:
  static constexpr std::size_t room = 320;

  template <class T>
  static void destroy(std::byte* memory) {
    std::destroy_at(std::launder(reinterpret_cast<T*>(memory)));
  }

  const std::type_info* type_ = nullptr;
  void (*destroy_)(std::byte*) = nullptr;
  alignas(std::max_align_t) std::byte memory_[room];
};

}  // namespace latchkey::http
