#include "base/system_library.h"

#include <dlfcn.h>

#include <stdexcept>

namespace latchkey {
namespace {

std::string reason_of_loader() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps one for each thread
  const char* reason = ::dlerror();
  return reason == nullptr ? "no reason given" : reason;
}

}  // namespace

SystemLibrary::SystemLibrary(const char* soname, const char* needed_for)
    : soname_(soname), handle_(::dlopen(soname, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ != nullptr) return;
  throw std::runtime_error(soname_ + " is needed for " + needed_for +
                           " and cannot be loaded: " + reason_of_loader());
}

void* SystemLibrary::find_symbol(const char* name) const {
  void* found = ::dlsym(handle_, name);
  if (found == nullptr)
    throw std::runtime_error(soname_ + " is another than expected: " + reason_of_loader());
  return found;
}

}  // namespace latchkey
