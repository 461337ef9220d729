#include "http/router.h"

#include <algorithm>
#include <stdexcept>

namespace latchkey::http {

namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::size_t count_slashes(std::string_view path) {
  return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

std::vector<std::string_view> split(std::string_view pattern) {
  std::vector<std::string_view> segments;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    std::size_t end = std::min(pattern.find('/'), pattern.size());
    segments.push_back(pattern.substr(0, end));
    pattern.remove_prefix(end);
  }
  return segments;
}

[[noreturn]] void refuse(std::string_view pattern, const char* why) {
  throw std::logic_error("route " + std::string(pattern) + ": " + why);
}

bool same_shape(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](std::string_view x, std::string_view y) {
    return x == y || (is_parameter(x) && is_parameter(y));
  });
}

/// Notes the parameters in the request, whose path has as many segments as the pattern.
bool match(const Resource& resource, Request& request) {
  std::string_view path = request.path;
  std::size_t count = 0;
  for (std::string_view segment : resource.segments) {
    path.remove_prefix(1);
    std::size_t end = std::min(path.find('/'), path.size());
    std::string_view piece = path.substr(0, end);
    if (is_parameter(segment)) {
      if (piece.empty()) return false;
      request.parameters[count++] = {segment.substr(1, segment.size() - 2), piece};
    } else if (piece != segment) {
      return false;
    }
    path.remove_prefix(end);
  }
  request.parameter_count = count;
  return true;
}

std::string describe_allowed(const std::array<const Route*, 10>& by_method) {
  std::string allow;
  for (std::size_t i = 0; i < by_method.size(); ++i) {
    auto method = static_cast<Method>(i);
    if (by_method[i] == nullptr && method != Method::options) continue;
    if (!allow.empty()) allow += ", ";
    allow += to_string(method);
  }
  return allow;
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  std::array<const Route*, 10> of_any_path{};
  for (const Route& route : routes_) {
    if (!route.handler) refuse(route.pattern, "has no handler");
    bool dispatched = route.method < Method::options && route.method != Method::head;
    if (!dispatched) refuse(route.pattern, "has a method that no row may have");
    Resource& resource = resource_for(route);
    if (resource.reach != route.reach) refuse(route.pattern, "reaches different requests by method");
    const Route*& slot = resource.by_method[static_cast<std::size_t>(route.method)];
    if (slot != nullptr) refuse(route.pattern, "stands twice with one method");
    slot = &route;
    of_any_path[static_cast<std::size_t>(route.method)] = &route;
    if (route.method == Method::get && route.head == Head::allowed)
      resource.by_method[static_cast<std::size_t>(Method::head)] =
          of_any_path[static_cast<std::size_t>(Method::head)] = &route;
  }
  for (const auto& resource : resources_) resource->allow = describe_allowed(resource->by_method);
  allow_ = describe_allowed(of_any_path);
}

Resource& Router::resource_for(const Route& route) {
  if (!route.pattern.starts_with('/')) refuse(route.pattern, "does not start with a slash");
  bool folded = route.pattern == "/" ||
                (!route.pattern.ends_with('/') && route.pattern.find("//") == std::string_view::npos);
  if (!folded) refuse(route.pattern, "has a slash that requests are folded out of");
  std::vector<std::string_view> segments = split(route.pattern);
  for (const auto& resource : resources_) {
    if (resource->segments == segments) return *resource;
    if (same_shape(resource->segments, segments))
      refuse(route.pattern, "differs from another only in its parameters' names");
  }
  auto parameters = static_cast<std::size_t>(std::count_if(segments.begin(), segments.end(), is_parameter));
  if (parameters > max_path_parameters) refuse(route.pattern, "has too many parameters");

  Resource& resource = *resources_.emplace_back(std::make_unique<Resource>());
  resource.pattern = route.pattern;
  resource.reach = route.reach;
  resource.segments = std::move(segments);
  if (parameters == 0) {
    fixed_.emplace(route.pattern, &resource);
  } else {
    std::size_t count = resource.segments.size();
    if (by_segment_count_.size() <= count) by_segment_count_.resize(count + 1);
    by_segment_count_[count].push_back(&resource);
  }
  return resource;
}

const Resource* Router::find(Request& request) const {
  request.parameter_count = 0;
  if (auto found = fixed_.find(request.path); found != fixed_.end()) return found->second;
  if (!request.path.starts_with('/')) return nullptr;
  std::size_t count = count_slashes(request.path);
  if (count >= by_segment_count_.size()) return nullptr;
  for (const Resource* resource : by_segment_count_[count])
    if (match(*resource, request)) return resource;
  return nullptr;
}

}  // namespace latchkey::http
