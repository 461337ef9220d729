#include "app/refusal.h"

namespace latchkey::app {
namespace {

std::string join(const std::vector<std::string>& sentences) {
  std::string text;
  for (const auto& sentence : sentences) text += (text.empty() ? "" : "\n") + sentence;
  return text;
}

}  // namespace

StartRefused::StartRefused(std::vector<std::string> sentences)
    : std::runtime_error(join(sentences)), sentences_(std::move(sentences)) {}

StartRefused::StartRefused(std::string sentence)
    : StartRefused(std::vector<std::string>{std::move(sentence)}) {}

}  // namespace latchkey::app
