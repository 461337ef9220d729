#include "db/commit_hooks.h"

#include <exception>

#include "base/log.h"

namespace latchkey::db {

void CommitHooks::add(Hook hook) {
  if (count_ < first_.size()) {
    first_[count_] = std::move(hook);
  } else {
    more_.push_back(std::move(hook));
  }
  ++count_;
}

void CommitHooks::clear() {
  if (count_ == 0) return;
  for (Hook& hook : first_) hook = nullptr;
  more_.clear();
  count_ = 0;
}

void CommitHooks::run() noexcept {
  if (count_ == 0) return;
  for (const Hook& hook : first_) {
    if (hook) run(hook);
  }
  for (const Hook& hook : more_) run(hook);
  clear();
}

void CommitHooks::run(const Hook& hook) noexcept {
  try {
    hook();
  } catch (const std::exception& error) {
    log::error("db.commit_hook_failed", {{"reason", error.what()}});
  } catch (...) {
    log::error("db.commit_hook_failed");
  }
}

}  // namespace latchkey::db
