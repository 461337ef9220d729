#pragma once

#include "web/page_file.h"

/// The fields of every form that makes an account. Password managers look at their ids and tokens, so all
/// such forms have the same.
namespace latchkey::web {

inline constexpr Field new_email_field{.name = "email",
                                       .id = "email",
                                       .label = "@field.email",
                                       .kind = FieldKind::email,
                                       .autocomplete = "username"};
inline constexpr Field new_name_field{.name = "username",
                                      .id = "name",
                                      .label = "@field.name",
                                      .hint = "@hint.name",
                                      .autocomplete = "nickname"};
inline constexpr Field new_password_field{.name = "password",
                                          .id = "new-password",
                                          .label = "@field.password",
                                          .hint = "@hint.new_password",
                                          .kind = FieldKind::password,
                                          .autocomplete = "new-password"};

inline constexpr Field new_account_fields[] = {new_email_field, new_name_field, new_password_field};

}  // namespace latchkey::web
