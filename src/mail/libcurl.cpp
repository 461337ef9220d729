#include "mail/libcurl.h"

#include <stdexcept>

#include "base/system_library.h"

namespace latchkey::mail {
namespace {

Libcurl load() {
  static const SystemLibrary library("libcurl.so.4", "mail.smtp_url");
  const auto global_init = library.find<decltype(::curl_global_init)>("curl_global_init");
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl does not start");
  return {.easy_init = library.find<decltype(::curl_easy_init)>("curl_easy_init"),
          .easy_cleanup = library.find<decltype(::curl_easy_cleanup)>("curl_easy_cleanup"),
          .easy_perform = library.find<decltype(::curl_easy_perform)>("curl_easy_perform"),
          .easy_setopt = library.find<decltype(::curl_easy_setopt)>("curl_easy_setopt"),
          .easy_getinfo = library.find<decltype(::curl_easy_getinfo)>("curl_easy_getinfo"),
          .easy_strerror = library.find<decltype(::curl_easy_strerror)>("curl_easy_strerror"),
          .slist_append = library.find<decltype(::curl_slist_append)>("curl_slist_append"),
          .slist_free_all = library.find<decltype(::curl_slist_free_all)>("curl_slist_free_all")};
}

}  // namespace

const Libcurl& libcurl() {
  static const Libcurl functions = load();
  return functions;
}

}  // namespace latchkey::mail
