#include "features/recovery/ask.h"

#include "features/recovery/events.h"
#include "features/recovery/reset_link.h"
#include "flow/links/ask.h"

namespace latchkey::features::recovery {

Task<Result<std::string>> ask_for_reset(flow::Services& services, flow::Origin origin, std::string email,
                                        std::string language) {
  const flow::links::Request request{
      .kind = reset_link, .message = reset_message, .asked = events::reset_asked};
  co_return co_await flow::links::ask_for_mail(services, std::move(origin), request, std::move(email),
                                               std::move(language));
}

}  // namespace latchkey::features::recovery
