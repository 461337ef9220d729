#include <system_error>

#include "api/api.h"
#include "api/feature.h"
#include "api/page_rows.h"
#include "features/mailbox/feature.h"
#include "http/respond.h"
#include "mail/mail_folder.h"
#include "settings/newcomer.h"
#include "web/linked_text.h"

namespace latchkey::features::mailbox {
namespace {

constexpr std::size_t mails_on_page = 50;

constexpr web::PageFile list_page{
    .file = "mailbox/list.html",
    .title = "@mailbox.title",
    .variables = {"trouble", "has_mails", "are_more", "has_too_many", "mails.id", "mails.subject", "mails.to",
                  "mails.time", "mails.moment"},
    .style = "newcomer.css"};
constexpr web::PageFile mail_page{.file = "mailbox/mail.html",
                                  .title = "@mailbox.mail",
                                  .variables = {"id", "subject", "to", "time", "moment", "has_html", "is_cut",
                                                "pieces.text", "pieces.link", "pieces.ends_line"},
                                  .style = "newcomer.css"};

/// What a mail wrote into its HTML part may do nothing but look as it does: no script, no form, nothing that
/// is loaded, and an origin that is nobody's. With a Cross-Origin-Opener-Policy browsers would refuse to open
/// it (HTML §7.1.3).
constexpr std::string_view policy_of_mail =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'";

constexpr std::string_view flag(bool is_set) { return is_set ? "yes" : ""; }

void set_facts(TemplateValues& values, const mail::WrittenMail& mail) {
  values.set("id", mail.id);
  values.set("subject", mail.message.subject);
  values.set("to", mail.message.to);
  values.set("time", web::show_time(mail.written_at));
  values.set("moment", web::machine_time(mail.written_at));
}

std::optional<mail::WrittenMail> find(const api::Api& api, const http::Request& request) {
  try {
    return mail::find_mail(settings::mail_folder(api.services.settings), request.parameter("id"));
  } catch (const std::system_error&) {
    return std::nullopt;  // the list says why
  }
}

Task<Result<http::Response>> get_list(const api::Api& api, http::Request& request) {
  TemplateValues values;
  try {
    const auto newest = mail::list_newest_mails(settings::mail_folder(api.services.settings), mails_on_page);
    std::vector<TemplateValues> mails;
    for (const auto& mail : newest.mails) set_facts(mails.emplace_back(), mail);
    values.set("has_mails", flag(!mails.empty()));
    values.set("mails", std::move(mails));
    values.set("are_more", flag(newest.are_more));
    values.set("has_too_many", flag(newest.has_too_many));
  } catch (const std::system_error& error) {
    values.set("trouble", error.what());
  }
  co_return api.pages.render(request, list_page, values);
}

Task<Result<http::Response>> get_mail(const api::Api& api, http::Request& request) {
  const auto mail = find(api, request);
  if (!mail.has_value()) co_return ErrorCode::not_found;
  TemplateValues values;
  set_facts(values, *mail);
  if (!mail->message.subject.empty()) values.set("title", mail->message.subject);
  values.set("has_html", flag(!mail->message.html.empty()));
  values.set("is_cut", flag(mail->is_cut));
  std::vector<TemplateValues> pieces;
  for (const web::Piece& piece : web::find_links(mail->message.text)) {
    pieces.push_back({{"text", piece.text},
                      {"link", piece.is_link ? std::string_view(piece.text) : std::string_view()},
                      {"ends_line", flag(piece.ends_line)}});
  }
  values.set("pieces", std::move(pieces));
  co_return api.pages.render(request, mail_page, values);
}

Task<Result<http::Response>> get_html(const api::Api& api, http::Request& request) {
  auto mail = find(api, request);
  if (!mail.has_value() || mail->message.html.empty()) co_return ErrorCode::not_found;
  http::Response response;
  response.content_type = http::html_type;
  response.body = std::move(mail->message.html);
  response.content_security_policy = policy_of_mail;
  co_return response;
}

constexpr api::Endpoint endpoints[] = {
    api::newcomer_row("/mailbox", "The last mails that were written to files", "mailbox", get_list),
    api::newcomer_row("/mailbox/{id}", "One of them as text", "mailbox", get_mail),
    api::newcomer_row("/mailbox/{id}/html", "Its HTML part, alone", "mailbox", get_html),
};

constexpr web::PageFile pages[] = {list_page, mail_page};

}  // namespace

const api::Feature feature{.name = "mailbox", .browser_endpoints = endpoints, .pages = pages};

}  // namespace latchkey::features::mailbox
