// The kinds of settings, for the table in knobs.cpp: how each is read from text, written as text, and
// described. A kind takes the member as a captureless lambda, so that a row is a constant without state.
#pragma once

#include <charconv>
#include <string>

#include "settings/duration.h"
#include "settings/rate.h"
#include "settings/url.h"
#include "settings/value_checks.h"

namespace latchkey::settings {

inline std::string describe_shape(const Knob& knob) { return std::string(knob.shape); }

template <class At>
constexpr Knob duration(std::string_view name, At, std::string_view default_text, Microseconds least,
                        Microseconds most, std::string_view meaning) {
  Knob knob{.name = name,
            .default_text = default_text,
            .meaning = meaning,
            .least = least.count(),
            .most = most.count()};
  knob.set = [](const Knob& self, Settings& settings, std::string_view text) -> std::optional<Complaint> {
    const std::optional<Microseconds> value = parse_duration(text);
    if (!value || value->count() < self.least || value->count() > self.most)
      return "must be " + self.describe();
    At{}(settings) = *value;
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) { return format_duration(At{}(settings)); };
  knob.form = [](const Knob& self) {
    return "a duration with its unit (ms, s, m, h, d) from " + format_duration(Microseconds{self.least}) +
           " to " + format_duration(Microseconds{self.most});
  };
  return knob;
}

template <class At>
constexpr Knob integer(std::string_view name, At, std::string_view default_text, int least, int most,
                       std::string_view meaning) {
  Knob knob{.name = name,
            .default_text = default_text,
            .meaning = meaning,
            .toml = TomlType::integer,
            .least = least,
            .most = most};
  knob.set = [](const Knob& self, Settings& settings, std::string_view text) -> std::optional<Complaint> {
    int value = 0;
    const char* const text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), text_end, value);
    if (error != std::errc{} || end != text_end || value < self.least || value > self.most) {
      return "must be " + self.describe();
    }
    At{}(settings) = value;
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) { return std::to_string(At{}(settings)); };
  knob.form = [](const Knob& self) {
    return "a whole number from " + std::to_string(self.least) + " to " + std::to_string(self.most);
  };
  return knob;
}

/// `1000/10m`, or `off`.
template <class At>
constexpr Knob rate(std::string_view name, At, std::string_view default_text, std::string_view meaning) {
  Knob knob{
      .name = name,
      .default_text = default_text,
      .meaning = meaning,
      .shape = "a whole number from 1 to 1000000 and a duration from 1s to 30d, such as 100/10m, or off"};
  knob.set = [](const Knob& self, Settings& settings, std::string_view text) -> std::optional<Complaint> {
    const std::optional<Rate> value = parse_rate(text);
    if (!value) return "must be " + self.describe();
    At{}(settings) = *value;
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) { return format_rate(At{}(settings)); };
  knob.form = describe_shape;
  return knob;
}

template <class At>
constexpr Knob boolean(std::string_view name, At, std::string_view default_text, std::string_view meaning) {
  Knob knob{.name = name, .default_text = default_text, .meaning = meaning, .toml = TomlType::boolean};
  knob.set = [](const Knob& self, Settings& settings, std::string_view text) -> std::optional<Complaint> {
    if (text != "true" && text != "false") return "must be " + self.describe();
    At{}(settings) = text == "true";
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) -> std::string {
    return At{}(settings) ? "true" : "false";
  };
  knob.form = [](const Knob&) -> std::string { return "true or false"; };
  return knob;
}

/// An enumeration whose values are, in order, `choices`.
template <class At>
constexpr Knob choice(std::string_view name, At, std::string_view default_text,
                      std::span<const std::string_view> choices, std::string_view meaning) {
  Knob knob{.name = name, .default_text = default_text, .meaning = meaning, .choices = choices};
  knob.set = [](const Knob& self, Settings& settings, std::string_view text) -> std::optional<Complaint> {
    for (std::size_t i = 0; i < self.choices.size(); ++i) {
      if (self.choices[i] != text) continue;
      auto& value = At{}(settings);
      value = static_cast<std::remove_reference_t<decltype(value)>>(i);
      return std::nullopt;
    }
    return "must be " + self.describe();
  };
  knob.get = [](const Knob& self, const Settings& settings) {
    return std::string(self.choices[static_cast<std::size_t>(At{}(settings))]);
  };
  knob.form = [](const Knob& self) {
    std::string text = "one of";
    for (std::size_t i = 0; i < self.choices.size(); ++i)
      text.append(i == 0 ? " " : ", ").append(self.choices[i]);
    return text;
  };
  return knob;
}

template <class At>
constexpr Knob text(std::string_view name, At, std::string_view default_text, Check check,
                    std::string_view shape, std::string_view meaning) {
  Knob knob{.name = name, .default_text = default_text, .meaning = meaning, .check = check, .shape = shape};
  knob.set = [](const Knob& self, Settings& settings, std::string_view given) -> std::optional<Complaint> {
    std::string value(given);
    if (auto complaint = self.check(value)) return complaint;
    At{}(settings) = std::move(value);
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) -> std::string { return At{}(settings); };
  knob.form = describe_shape;
  return knob;
}

/// A path as it is written: relative ones are relative to the working directory.
template <class At>
constexpr Knob path(std::string_view name, At, std::string_view default_text, std::string_view meaning) {
  Knob knob{.name = name, .default_text = default_text, .meaning = meaning, .shape = "a path"};
  knob.set = [](const Knob& self, Settings& settings, std::string_view given) -> std::optional<Complaint> {
    if (given.find('\0') != std::string_view::npos || (given.empty() && !self.default_text.empty()))
      return "must be a path";
    At{}(settings) = std::filesystem::path(given);
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) { return At{}(settings).string(); };
  knob.form = describe_shape;
  return knob;
}

/// An empty secret is refused: it is more often a variable that somebody forgot to fill than a wish.
template <class At>
constexpr Knob secret(std::string_view name, At, Check check, std::string_view shape,
                      std::string_view meaning) {
  Knob knob{.name = name, .meaning = meaning, .secret = true, .check = check, .shape = shape};
  knob.set = [](const Knob& self, Settings& settings, std::string_view given) -> std::optional<Complaint> {
    if (given.empty()) return "must not be empty";
    std::string value(given);
    std::optional<Complaint> complaint = self.check(value);
    if (!complaint) At{}(settings) = Secret(value);
    wipe(value);
    return complaint;
  };
  knob.get = [](const Knob&, const Settings& settings) -> std::string {
    return At{}(settings).empty() ? "" : "(set)";
  };
  knob.form = describe_shape;
  return knob;
}

template <class At>
constexpr Knob list(std::string_view name, At, Check check, std::string_view shape,
                    std::string_view meaning) {
  Knob knob{.name = name, .meaning = meaning, .toml = TomlType::array, .check = check, .shape = shape};
  knob.set = [](const Knob& self, Settings& settings, std::string_view given) -> std::optional<Complaint> {
    std::vector<std::string> values = split_list(given);
    for (std::string& value : values) {
      if (auto complaint = self.check(value)) return complaint;
    }
    At{}(settings) = std::move(values);
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) {
    std::string joined;
    for (const std::string& value : At{}(settings)) joined.append(joined.empty() ? "" : ",").append(value);
    return joined;
  };
  knob.form = describe_shape;
  return knob;
}

template <class At>
constexpr Knob endpoint(std::string_view name, At, std::string_view default_text, std::string_view meaning) {
  Knob knob{.name = name,
            .default_text = default_text,
            .meaning = meaning,
            .shape = "an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080"};
  knob.set = [](const Knob& self, Settings& settings, std::string_view given) -> std::optional<Complaint> {
    const std::optional<Endpoint> value = parse_endpoint(given);
    if (!value) return "must be " + self.describe();
    At{}(settings) = *value;
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) { return to_string(At{}(settings)); };
  knob.form = describe_shape;
  return knob;
}

/// As endpoint, or `off`.
template <class At>
constexpr Knob endpoint_or_off(std::string_view name, At, std::string_view meaning) {
  Knob knob{.name = name,
            .default_text = "off",
            .meaning = meaning,
            .shape = "an IP address and a port, such as 127.0.0.1:9090, or off"};
  knob.set = [](const Knob& self, Settings& settings, std::string_view given) -> std::optional<Complaint> {
    const std::optional<Endpoint> value = parse_endpoint(given);
    if (!value && given != "off") return "must be " + self.describe();
    At{}(settings) = value;
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) -> std::string {
    const std::optional<Endpoint>& value = At{}(settings);
    return value ? to_string(*value) : "off";
  };
  knob.form = describe_shape;
  return knob;
}

template <class At>
constexpr Knob mailbox(std::string_view name, At, std::string_view meaning) {
  Knob knob{.name = name,
            .meaning = meaning,
            .shape = "an address, Name <address>, or \"Name, in quotes\" <address>"};
  knob.set = [](const Knob& self, Settings& settings, std::string_view given) -> std::optional<Complaint> {
    std::optional<Mailbox> value = given.empty() ? Mailbox{} : parse_mailbox(given);
    if (!value) return "must be " + self.describe();
    At{}(settings) = std::move(*value);
    return std::nullopt;
  };
  knob.get = [](const Knob&, const Settings& settings) { return to_string(At{}(settings)); };
  knob.form = describe_shape;
  return knob;
}

}  // namespace latchkey::settings
