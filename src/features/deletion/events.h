#pragma once

#include "flow/events.h"

namespace latchkey::features::deletion::events {

/// The owner wants the account to be deleted; and what came of it.
extern const flow::Event deletion_scheduled;
/// The owner keeps it.
extern const flow::Event deletion_stopped;
/// It was due, and is done, or was refused. The audit of a deletion itself is that of flow/accounts.
extern const flow::Event deletion_due;

extern const metrics::Families counters;

}  // namespace latchkey::features::deletion::events
