#include "web/assets.h"

#include "crypto/sha256.h"

namespace latchkey::web {
namespace {

constexpr std::string_view folder = "assets/";
constexpr std::size_t hash_digits = 16;

std::string_view type_of(std::string_view file) {
  if (file.ends_with(".css")) return "text/css; charset=utf-8";
  return "text/javascript; charset=utf-8";
}

}  // namespace

Assets::Assets(PageFiles& files) {
  for (const std::string& path : files.list(folder)) {
    const std::string file = path.substr(folder.size());
    std::string text = files.find(path)->text;
    std::string hash = crypto::sha256_hex(text).substr(0, hash_digits);
    assets_[file] = {std::move(hash), std::move(text), type_of(file)};
  }
}

std::string Assets::path_of(std::string_view file) const {
  const auto found = assets_.find(file);
  if (found == assets_.end())
    throw BadTemplate("templates/pages/assets/" + std::string(file) + ": is missing");
  const auto dot = file.rfind('.');
  std::string path(folder);
  path.append(file.substr(0, dot)).append(".").append(found->second.hash).append(file.substr(dot));
  return path;
}

std::optional<http::Response> Assets::find(std::string_view name) const {
  const auto last = name.rfind('.');
  if (last == name.npos || last < hash_digits + 1) return std::nullopt;
  const auto hash = name.substr(last - hash_digits, hash_digits);
  if (name[last - hash_digits - 1] != '.') return std::nullopt;
  std::string file(name.substr(0, last - hash_digits - 1));
  file += name.substr(last);
  const auto found = assets_.find(file);
  if (found == assets_.end()) return std::nullopt;
  http::Response response;
  response.content_type = found->second.type;
  response.body = found->second.text;
  if (hash == found->second.hash) response.cache_control = "public, max-age=31536000, immutable";
  return response;
}

}  // namespace latchkey::web
