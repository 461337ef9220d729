#pragma once

#include "api/feature.h"
#include "db/table.h"
#include "flow/sweep.h"
#include "mail/message.h"

namespace latchkey::app {

/// What this program can do, in the order of the documentation. A capability is taken away with its folder
/// under features/ and its two lines in features.cpp (include and entry).
api::Features features();

/// Every kind of mail that the features send.
std::span<const mail::Message> mails();

/// Every table of a deployment, parents before their children: the kernel's, then those of the features.
db::Tables tables();

/// Everything that /metrics prints of this program: what the rooms count, then what the features count.
metrics::Families counters();

/// The pages that people see: the kernel's, then those of the features.
std::span<const web::PageFile> pages();

/// How tables shrink: the kernel's sweeps, then those of the features.
std::span<const flow::Sweep> sweeps();

}  // namespace latchkey::app
