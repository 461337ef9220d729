#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/template.h"
#include "http/message.h"
#include "web/assets.h"
#include "web/form.h"
#include "web/language.h"
#include "web/page_file.h"
#include "web/page_values.h"

/// The pages that people see. Plain HTML that works without a script, loads nothing from another host, and
/// says so in its policy. Whatever is put in is escaped and made inert.
namespace latchkey::web {

/// All pages of all features, parsed and tried once at start. It does not change afterwards: any number of
/// threads render at once, and none waits for another.
class Pages {
 public:
  enum class Transport : std::uint8_t { plain, https };
  struct Options {
    std::filesystem::path folder;  ///< the operator's templates; empty: only those built in
    std::string service;           ///< what people know the service by; empty: not named
    /// Whether the public address begins with https: then browsers are told to use nothing else.
    Transport transport = Transport::plain;
  };

  /// `rows` must outlive the pages. Throws `BadTemplate`, with file and line, for a template that can not be
  /// used: see base/template.h and page_files.h, for one that leaves out a field of its form, and for a
  /// catalogue that can not be used (language.h).
  Pages(std::span<const PageFile> rows, const Options& options);

  /// The page of a row with what its handler sets. `request` says where the page will stand, so that its
  /// links work under whatever path a proxy serves it. A row that was not given at construction is a bug:
  /// std::logic_error.
  http::Response render(const http::Request& request, const PageFile& page, const TemplateValues& values = {},
                        int status = 200) const;

  /// The page with its form. A form that comes back names what is wrong first, takes the focus there, and has
  /// the status of the error.
  http::Response render(const http::Request& request, const Form& form, TemplateValues values = {}) const;

  /// A denial, for people: a bad link, a busy server, anything else in a sentence. With the status of the
  /// error.
  http::Response render_error(const http::Request& request, const Error& error) const;

  const Assets& assets() const { return assets_; }

  const Languages& languages() const { return languages_; }
  /// The language that the pages of a request are in.
  const Language& language_of(const http::Request& request) const {
    return languages_[languages_.choose(request)];
  }

 private:
  struct InLanguage {
    Template text;
    TemplateValues common;  ///< title, service, where the assets are
  };
  struct Loaded {
    PageFile row;
    std::vector<InLanguage> languages;  ///< in the order of `languages_`
    std::string_view policy;            ///< Content-Security-Policy
  };

  Pages(std::span<const PageFile> rows, const Options& options, PageFiles files);
  void load(const PageFile& row, const Options& options, PageFiles& files);
  const Loaded& find(const PageFile& page) const;
  TemplateValues common_values(const PageFile& row, const Options& options, const Language& language,
                               std::string_view script) const;
  http::Response finish(const http::Request& request, const Loaded& page, TemplateValues values,
                        int status) const;

  Assets assets_;
  Languages languages_;
  Transport transport_;
  std::map<std::string_view, Loaded> pages_;  ///< by their file
};

/// The pages that belong to no feature. `Pages` must be given them, too.
std::span<const PageFile> kernel_pages();

}  // namespace latchkey::web
