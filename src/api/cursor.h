#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/described.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/keyring.h"
#include "http/message.h"

/// Lists in pages. A client asks for a page with `limit` and `after`, and finds the next page in the answer's
/// `Link` header (RFC 8288), so that the body stays the plain list.
namespace latchkey::api {

/// What every list takes in its query.
struct PageQuery {
  std::optional<std::int64_t> limit;
  std::optional<std::string> after;
};
inline constexpr std::int64_t most_rows = 1000;
constexpr auto describe(const PageQuery*) {
  return object("PageQuery",
                member("limit", &PageQuery::limit,
                       {.meaning = "the maximum number of entries", .least = 1, .greatest = most_rows}),
                member("after", &PageQuery::after,
                       {.meaning = "where the page begins: take it from the Link header of the previous page",
                        .longest = 400}));
}

/// The position behind which the next page begins, as a text for clients: it carries an authentication code
/// over the position and `list`, the name of the list and whose it is, so that nobody can make one or use it
/// elsewhere.
std::string seal_cursor(const crypto::Keyring& ring, std::string_view list, ByteView position);

/// The position, or nothing where this server did not seal the text for this list.
std::optional<Bytes> open_cursor(const crypto::Keyring& ring, std::string_view list, std::string_view text);

/// The position behind which the page of a query begins; nothing for the first page. Refuses a cursor that
/// does not open with validation_failed at query.after.
Result<std::optional<Bytes>> find_position(const crypto::Keyring& ring, std::string_view list,
                                           const PageQuery& query);

/// Adds `Link: <?after=…&limit=…>; rel="next"`, relative to the request's own path, for the page that begins
/// at a text of `seal_cursor`.
void link_next_page(http::Response& response, const PageQuery& query, std::string_view after);

/// A number in a position: eight bytes.
void append_number(Bytes& position, std::int64_t number);
/// The number that begins at a byte of a position that has it.
std::int64_t number_at(const Bytes& position, std::size_t begin);

}  // namespace latchkey::api
