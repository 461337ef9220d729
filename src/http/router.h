#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/route.h"

namespace latchkey::http {

/// Everything that is served under one pattern.
struct Resource {
  std::string_view pattern;                ///< of its first row
  std::vector<std::string_view> segments;  ///< of the pattern, `{name}` included
  std::array<const Route*, 10>
      by_method{};  ///< indexed by Method; HEAD points to GET's row where that allows it
  Reach reach = Reach::everywhere;
  std::string allow;  ///< the value of `Allow`, with HEAD and OPTIONS where they hold

  const Route* route(Method method) const { return by_method[static_cast<std::size_t>(method)]; }
};

/// The table of routes, made ready for look-up. It does not change after construction, so any number of
/// threads may share one; where handlers are bound to a thread's own objects, make one per thread.
class Router {
 public:
  /// Throws std::logic_error for a pattern that does not start with `/`, two rows with the same method and
  /// pattern, two patterns that differ only in the names of parameters, too many parameters, a row without
  /// handler, or two rows of a pattern that reach different requests.
  explicit Router(std::vector<Route> routes);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// The resource at `request.path`, its parameters noted in the request; null when there is none. A pattern
  /// without parameters wins over one with them.
  const Resource* find(Request& request) const;

  /// What `Allow` says of the server as a whole (`OPTIONS *`).
  const std::string& allow() const { return allow_; }

  const std::vector<Route>& routes() const { return routes_; }

 private:
  Resource& resource_for(const Route& route);

  std::vector<Route> routes_;
  std::string allow_;
  std::vector<std::unique_ptr<Resource>> resources_;
  std::unordered_map<std::string_view, const Resource*> fixed_;
  std::vector<std::vector<const Resource*>> by_segment_count_;  ///< patterns with parameters
};

}  // namespace latchkey::http
