#pragma once

#include <optional>
#include <string>

#include "db/statement.h"

/// Single numbers of the whole deployment.
namespace latchkey::store::state {

/// Part of every derived key; a restore moves it on, so that no token made before comes back.
inline constexpr db::Statement<std::optional<std::int64_t>> find_epoch{
    "SELECT value FROM state WHERE name = 'epoch'"};
inline constexpr db::Statement<db::Affected, std::int64_t> update_epoch{
    "UPDATE state SET value = $1 WHERE name = 'epoch'"};

/// Written first by every change that could leave no administrator: two such changes at once come one after
/// the other.
inline constexpr db::Statement<db::Affected> update_administrators_guard{
    "UPDATE state SET value = value + 1 WHERE name = 'administrators'"};

/// A durable write that means nothing: makes an unknown address cost what a known one does.
/// The row keeps the name that 0.1.0 gave it.
inline constexpr db::Statement<db::Affected> update_dummy{
    "UPDATE state SET value = value + 1 WHERE name = 'decoy'"};

}  // namespace latchkey::store::state
