#pragma once

#include "db/table.h"

namespace latchkey::store {

/// The tables of the kernel, parents before their children: what a deployment consists of beside the tables
/// of its features.
db::Tables tables();

}  // namespace latchkey::store
