#include "app/features.h"

#include "features/administration/feature.h"
#include "features/confirmation/feature.h"
#include "features/documents/feature.h"
#include "features/health/feature.h"
#include "features/password/feature.h"
#include "features/profile/feature.h"
#include "features/sessions/feature.h"
#include "features/signup/feature.h"

namespace latchkey::app {
namespace {

constexpr const api::Feature* list[] = {
    &features::signup::feature,       &features::password::feature,       &features::sessions::feature,
    &features::confirmation::feature, &features::administration::feature, &features::profile::feature,
    &features::documents::feature,    &features::health::feature,
};

}  // namespace

api::Features features() { return list; }

}  // namespace latchkey::app
