#include "api/api.h"
#include "api/feature.h"
#include "api/page_rows.h"
#include "features/welcome/feature.h"
#include "store/users.h"

namespace latchkey::features::welcome {
namespace {

constexpr web::PageFile page{.file = "welcome/welcome.html",
                             .title = "@newcomer.title",
                             .variables = {"can_sign_up", "is_administrator_missing"},
                             .style = "newcomer.css"};

constexpr std::string_view flag(bool is_set) { return is_set ? "yes" : ""; }

Task<Result<http::Response>> get_welcome(const api::Api& api, http::Request& request) {
  const auto administrator = co_await api.services.database.run(store::users::find_any_administrator);
  const bool can_sign_up = api.services.settings.accounts.sign_up == settings::SignUp::open;
  co_return api.pages.render(
      request, page,
      {{"can_sign_up", flag(can_sign_up)}, {"is_administrator_missing", flag(!administrator.has_value())}});
}

constexpr api::Endpoint endpoints[] = {
    api::newcomer_row("/welcome", "Where newcomers begin", "welcome", get_welcome),
};
constexpr web::PageFile pages[] = {page};

}  // namespace

const api::Feature feature{.name = "welcome", .browser_endpoints = endpoints, .pages = pages};

}  // namespace latchkey::features::welcome
