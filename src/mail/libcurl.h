#pragma once

#include <curl/curl.h>

namespace latchkey::mail {

/// What we use of libcurl, which is loaded and started at the first call of `libcurl()`.
struct Libcurl {
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_perform) easy_perform;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
};

/// Throws std::runtime_error when the library can not be loaded. Any thread.
const Libcurl& libcurl();

}  // namespace latchkey::mail
