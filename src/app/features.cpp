#include "app/features.h"

#include <vector>

#include "features/administration/feature.h"
#include "features/confirmation/feature.h"
#include "features/documents/feature.h"
#include "features/health/feature.h"
#include "features/password/feature.h"
#include "features/profile/feature.h"
#include "features/sessions/feature.h"
#include "features/signup/feature.h"
#include "store/tables.h"

namespace latchkey::app {
namespace {

constexpr const api::Feature* list[] = {
    &features::signup::feature,       &features::password::feature,       &features::sessions::feature,
    &features::confirmation::feature, &features::administration::feature, &features::profile::feature,
    &features::documents::feature,    &features::health::feature,
};

/// What the kernel has of something, followed by what each feature has of it.
template <class Part>
std::vector<Part> collect(std::span<const Part> kernel, std::span<const Part> api::Feature::*of_feature) {
  std::vector<Part> all(kernel.begin(), kernel.end());
  for (const api::Feature* feature : list) {
    const auto part = feature->*of_feature;
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

api::Features features() { return list; }

db::Tables tables() {
  static const auto all = collect(store::tables(), &api::Feature::tables);
  return all;
}

std::span<const flow::Sweep> sweeps() {
  static const auto all = collect(flow::kernel_sweeps(), &api::Feature::sweeps);
  return all;
}

}  // namespace latchkey::app
