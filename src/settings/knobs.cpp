#include "settings/knobs.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "base/unicode.h"
#include "settings/knob_kinds.h"

namespace latchkey::settings {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 3> sign_ups{"open", "invited", "off"};
constexpr std::array<std::string_view, 2> confirmations{"required", "off"};
constexpr std::array<std::string_view, 2> second_factors{"optional", "required"};
constexpr std::array<std::string_view, 3> mail_tls_choices{"required", "opportunistic", "off"};
constexpr std::array<std::string_view, 4> levels{"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> formats{"text", "json"};

// A row's name is the path of its member, so that the two can not differ.
#define AT(member) \
#member, [](auto& settings) -> auto& { return settings.member; }

// clang-format off
constexpr std::array table{
    endpoint(AT(listen), "127.0.0.1:8080",
        "Address of the public listener; port 0 picks a free one. Anything but a loopback address needs a TLS proxy in front, or passwords cross the network in the clear."),
    endpoint_or_off(AT(management_listen),
        "Address of a second listener for /metrics and health; keep it where outsiders cannot reach it, because metrics reveal how the server is doing."),
    text(AT(public_url), "", check_public_url, "an absolute http or https URL",
        "The address by which clients reach the server: links in mails and the tokens' `iss` and `aud` are made from it. Empty means `http://` and the listener's address, which usually only this machine can reach (`http://localhost` and the port for a listener on 127.0.0.1 or [::1], since browsers make no passkeys for an IP address); changing the URL ends all access tokens."),
    path(AT(data_dir), "./latchkey-data",
        "Folder of the embedded database, the master secret, mail files and the control socket; created with mode 0700 if it is missing. One server at a time can use it."),
    secret(AT(database_url), check_database_url, "a libpq URL that begins with postgresql://",
        "The PostgreSQL database to use instead of the SQLite file in `data_dir`. It is a secret because it may contain a password."),
    integer(AT(threads), "0", 0, 256,
        "Threads that serve requests; 0 means one for each core that the server may use. More threads than cores only add switching."),

    secret(AT(master_secret), check_master_secret, "64 hexadecimal digits, as `openssl rand -hex 32` prints",
        "The secret from which the server derives every key. An attacker who has it can make refresh tokens and read the signing keys. If the operator loses it, every user has to sign in again, and links in mails stop working."),
    path(AT(master_secret_file), "",
        "File that contains the master secret, readable only by its owner. If neither this nor `master_secret` is set, the embedded database uses the file `master_secret` in `data_dir`, which the first start creates; with PostgreSQL the server refuses to start."),
    secret(AT(master_secret_previous), check_master_secret, "64 hexadecimal digits",
        "The previous master secret: it only verifies and decrypts. Remove it when `latchkey keys rekey` has run and the last refresh token that was made with it has expired."),

    duration(AT(database.statement_timeout), "5s", 100ms, 1h,
        "How long PostgreSQL may work on one statement; then the request is answered 503. A shorter limit cuts off statements that only wait for their turn; a longer one lets requests pile up behind a lock."),
    integer(AT(database.connections), "8", 2, 1000,
        "How many connections this node opens to PostgreSQL for transactions. It opens two more for each thread that serves requests, and one to monitor the server; PostgreSQL's `max_connections` must have room for all nodes."),

    text(AT(admin.email), "", check_single_line, "an e-mail address",
        "Address of the first administrator, whom the server creates at start, confirmed, unless there is one who is confirmed and not blocked. If the address belongs to an account that is not an administrator, the server refuses to start."),
    secret(AT(admin.password), check_password, "a password that the password settings accept",
        "Password of that first administrator; once the account exists the setting has no effect and should be removed."),
    choice(AT(admin.second_factor), "optional", second_factors,
        "Whether administrators must have a second factor. With `optional`, a stolen password is enough to administer the service. With `required`, the next sign-in of an administrator without one first sets up an authenticator app or a passkey; sessions that are open then go on until they end."),
    duration(AT(admin.factor_removal_delay), "72h", 0s, 365 * 24h,
        "How long after an administrator asked for it the second factors of another account are removed; until then a mail, or a sign-in with a factor, stops it. A shorter time gives owners less time to notice somebody who has talked an administrator into it. With 0, only `latchkey user remove-factor` removes factors of others."),

    text(AT(mail.smtp_url), "", check_smtp_url, "smtp://HOST:PORT or smtps://HOST:PORT",
        "The mail server; `smtps://` uses TLS from the first byte. If it is empty, mails are written to files in `data_dir`/mail, where no user sees them."),
    text(AT(mail.smtp_user), "", check_single_line, "one line of text",
        "Username for the mail server."),
    secret(AT(mail.smtp_password), check_password, "a password",
        "Password for the mail server."),
    choice(AT(mail.tls), "required", mail_tls_choices,
        "Whether `smtp://` must switch to TLS. `opportunistic` takes whatever encryption the server offers, with any certificate, and sends in the clear if it offers none: anybody on the way can read the links in mails. `off` is only for a mail server on this machine. With `required`, and with `smtps://`, the server's certificate must be signed by an authority that the system trusts, or that is in the file that the environment variable `SSL_CERT_FILE` names."),
    mailbox(AT(mail.from),
        "Sender of the mails; required with `mail.smtp_url`, because mail servers reject mail without a sender."),
    mailbox(AT(mail.envelope_from),
        "Address that the mail server returns undeliverable mails to (SMTP's MAIL FROM), without a name; empty means the address in `mail.from`. Its domain is the one that SPF is checked for."),
    integer(AT(mail.connections), "4", 1, 64,
        "How many connections to the mail server may be open at once. With one, a recipient whose server is slow delays everybody else's mail; mail servers refuse too many from one client."),
    path(AT(mail.templates_dir), "",
        "Folder with templates that replace the built-in ones, in the same layout; templates in other languages go into `<message>/<language tag>/`. For a missing file the built-in one is used, for a missing file of another language the English one. What every HTML mail has around it is in `frame/head.html`, `frame/open.html` and `frame/foot.html`."),

    path(AT(pages.templates_dir), "",
        "Folder with templates, style sheets and scripts that replace the built-in ones of the pages, file by file, in the same layout. The server refuses to start with one that cannot be used, or that no page uses."),

    duration(AT(tokens.access_ttl), "15m", 1s, 24h,
        "How long an access token is valid for other services, which check only its signature; Latchkey's own routes notice the end of its session at once."),
    duration(AT(tokens.refresh_idle_ttl), "7d", 1s, 3650 * 24h,
        "How long a session lives without a refresh. A shorter time signs out people who come back once a week; a longer one gives a stolen token more time."),
    duration(AT(tokens.refresh_absolute_ttl), "30d", 1s, 3650 * 24h,
        "How long a session lives, however often it is refreshed; then its user has to sign in again."),
    duration(AT(tokens.refresh_grace), "10s", 0s, 60s,
        "How long after a refresh the old refresh token still gets the same successor. A shorter time signs out clients whose answer was lost; a longer one lets a thief share the session unnoticed."),
    text(AT(tokens.client_id), "latchkey", check_identifier, "1 to 128 visible ASCII characters",
        "The `client_id` claim of access tokens (RFC 9068), for services that check it."),
    duration(AT(tokens.signing_key_ttl), "90d", 1h, 3650 * 24h,
        "How long one key signs access tokens before the next takes over; old keys stay published until their last token has expired."),

    choice(AT(accounts.sign_up), "open", sign_ups,
        "Who can sign up: everybody, only people with an invitation (`latchkey user invite`), or nobody. `latchkey user add` creates accounts in any case."),
    duration(AT(accounts.invitation_ttl), "7d", 1min, 365 * 24h,
        "How long an invitation works; anybody who finds it can create the account in place of its addressee for that long."),
    choice(AT(accounts.confirmation), "required", confirmations,
        "Whether an address must be confirmed before its account can sign in. With `off`, anybody can sign up with anybody's address; `confirmed` is false until somebody has proved to read it."),
    duration(AT(accounts.confirmation_ttl), "24h", 1s, 30 * 24h,
        "How long the link in a confirmation mail works; anybody who finds an old mail can use it for that long."),
    duration(AT(accounts.unconfirmed_ttl), "72h", 1min, 365 * 24h,
        "How long after sign-up an account that was never confirmed is removed; a longer time lets people squat on other people's addresses."),
    duration(AT(accounts.reset_ttl), "30m", 1min, 24h,
        "How long the link in a mail for a new password works; anybody who finds an old mail can use it for that long."),
    duration(AT(accounts.code_ttl), "10m", 1min, 1h,
        "How long a code in a mail works. With a shorter time, codes expire before slow mail arrives; a longer one gives more time for guessing."),
    duration(AT(accounts.factor_removal_delay), "7d", 0s, 365 * 24h,
        "How long after its owner said that they are lost the second factors of an account are removed; until then a mail, or a sign-in with a factor, stops it. A shorter time gives owners less time to notice somebody else. With 0, owners cannot ask for it."),
    boolean(AT(accounts.mail_sign_in), "true",
        "Whether people can sign in with a code that is mailed to them. With `false`, a mailbox opens its account only by way of a new password."),
    duration(AT(accounts.deletion_grace), "14d", 0s, 365 * 24h,
        "How long after its owner asked for it an account is deleted; until then its owner can keep it. With 0 it is gone at once, also where somebody else asked in the owner's session. An account whose address was changed stays for the seven days of the undo in any case."),
    boolean(AT(accounts.unique_usernames), "false",
        "Whether usernames must be unique, without regard to case. Turning it on keeps the existing names; the server refuses to start while two of them are the same."),
    list(AT(accounts.domains_without_dot), check_label, "host names without a dot",
        "Domains without a dot, such as `localhost` or `intranet`, that are accepted in the addresses of accounts and in `mail.from`; any other domain without a dot is taken for a typing error."),

    text(AT(passkeys.rp_id), "", check_passkey_domain, "a domain name",
        "The domain that passkeys are made for: the host of `public_url`, or a domain that it ends in (`example.com` for `https://id.example.com`). Empty means that host. Changing it makes every passkey useless."),
    list(AT(passkeys.origins), check_passkey_origin, "origins such as https://app.example.com",
        "Origins, beside that of `public_url`, whose pages and apps may use passkeys. An Android app is `android:apk-key-hash:` and the hash of its certificate. A page of another domain than `passkeys.rp_id` also needs `https://` that domain `/.well-known/webauthn`."),

    integer(AT(password.min_length), "8", 1, 64,
        "Minimum length of a new password, in characters. Passwords of fewer than 8 can be guessed, whatever the other limits are."),
    integer(AT(password.max_length), "256", 64, 4096,
        "Maximum length of a password, in characters, so that nobody makes the server hash a book. Lowering it locks out users with longer passwords."),
    integer(AT(password.min_guesses_log10), "5", 0, 20,
        "How many guesses, as a power of ten, an attacker who knows the usual tricks must need for a new password (zxcvbn's estimate); 0 accepts `password123`."),
    integer(AT(password.argon2_memory_kib), "19456", 64, 4'194'304,
        "Memory of one Argon2id hash in KiB, allocated once for each hashing thread. Less memory makes a stolen table cheap to crack; after a change, passwords are rehashed at sign-in. Hashes of more than 131072 KiB are verified only while this asks for as much."),
    integer(AT(password.argon2_passes), "2", 1, 100,
        "Passes of Argon2id over that memory; each costs time at every sign-in."),
    integer(AT(password.hash_threads), "0", 0, 256,
        "Threads that hash passwords; 0 means one for each core that the server may use. Each holds its own memory, and more threads than cores do not hash faster."),
    integer(AT(password.hash_queue), "0", 0, 100'000,
        "How many passwords may wait to be hashed before sign-in answers 503; 0 means 128 for each hashing thread. One client address has at most three quarters of the places. With a long queue, the server hashes for people who have given up waiting."),
    path(AT(password.breached_file), "",
        "Index of passwords that other services have leaked, which `latchkey passwords index` makes from a list that you download; nobody can choose one of them. Empty means no such list: then only the ten thousand most common ones, and what is easy to guess, are refused. A new index is used from the next start on."),

    boolean(AT(limits.enabled), "true",
        "Rate limits and lock-out. Turn them off only for load measurements: passwords can then be guessed as fast as they can be hashed."),
    integer(AT(limits.login_failures), "10", 1, 100,
        "How many wrong passwords in a row lock sign-in to an account for a while: those from networks where the account was used before are counted for each network, all others together. A lower number locks out clumsy typists; a higher one helps guessing. The hundredth wrong password in a row closes the password until a new one is set or an operator unlocks the account."),
    duration(AT(limits.login_lock), "1m", 1s, 1h,
        "How long the first lock lasts; it doubles with every further failure, up to an hour."),
    duration(AT(limits.mail_interval), "1m", 0s, 24h,
        "Minimum time between two mails of one kind (confirmation, new password) that a client may ask for to one address. In any case, the server sends one account at most five mails of a kind an hour and ten a day, so that an attacker cannot flood it. Mails that are asked for from networks where the account was used before are counted apart, by the same limits."),

    integer(AT(limits.sessions), "100", 1, 1000,
        "How many sessions an account may have; a sign-in beyond that ends the one that has not been refreshed for the longest time. A low number signs out people with many devices, and lets a stranger who knows a password end the owner's sessions."),

    rate(AT(limits.sign_up), "100/10m",
        "How many sign-ups one client may ask for: 100 at once, and then as many as a bucket of 100 that fills in ten minutes gives. A client is an IPv4 address or an IPv6 network of 64 bits; an IPv6 site of 48 bits may ask four times as often. Lower it against robots; raise it if a whole class signs up from behind one address."),
    rate(AT(limits.sign_up_total), "3000/10m",
        "The same for all clients together. Each sign-up costs a password hash."),
    rate(AT(limits.sign_in), "1000/10m",
        "How many sign-ins one client may try. With 1000 in ten minutes, five hundred people behind one address can all sign in, each with a mistake; one address can try a password at 144,000 accounts a day."),
    rate(AT(limits.sign_in_total), "off",
        "The same for all clients together. `password.hash_queue` limits what the server takes on at a time anyway."),
    rate(AT(limits.mail_requests), "100/10m",
        "How many mails one client may ask for, to confirm an address or to set a new password."),
    rate(AT(limits.mail_requests_total), "3000/10m",
        "The same for all clients together."),
    rate(AT(limits.links), "2000/10m",
        "How many uses of links and codes from mails one client may try, the pages behind them included."),
    rate(AT(limits.account_changes), "1000/10m",
        "How many changes of factors, recovery codes and passkeys, and how many exports and pages of their own activity, one client may ask for. Each change writes rows and mails its owner; with 1000 in ten minutes, three hundred people behind one address can all set up a passkey or an app."),
    rate(AT(limits.refresh), "10000/10m",
        "How many refreshes one client may ask for. An office of five hundred people whose access tokens live for 15 minutes needs a twentieth of the default."),
    rate(AT(limits.refresh_total), "off",
        "The same for all clients together. After an interruption all of them may come at once."),
    rate(AT(limits.session_refresh), "20/10s",
        "How many new refresh tokens one session may get that follow the one before within a second. Each costs a synced write, so a client in a loop would slow down the others."),
    rate(AT(limits.unconfirmed_accounts), "2000/1h",
        "How many accounts that nobody has confirmed yet all clients together may make; then sign-up answers 429. With `accounts.unconfirmed_ttl` it limits how many there are."),
    rate(AT(limits.mails), "5000/1h",
        "How many mails all clients together may cause; then sign-up and requests for mails answer 429. Mail servers stop trusting a sender that mails thousands of strangers."),
    rate(AT(limits.mails_per_recipient), "10/24h",
        "How many mails of one kind that anybody can ask for one address gets: with 10/24h ten at once, and never more than twenty in a day. What is asked for from networks where the account was used before is counted apart from the rest, by the same limit. Beyond it, requests are answered as always, but no mail is sent. Notices of changes to an account count only where nobody has ever proved to read its address."),
    rate(AT(limits.changes_per_account), "60/1h",
        "How many changes of one account its owner may make: of name, password, address, factors, recovery codes and passkeys, each wanted deletion and each export. Each leaves entries in the audit, and most of them mail a notice; beyond the limit they are answered 429. Signing out, ending sessions and the links of mails do not count, so whoever has a stolen session can not keep its owner from ending it."),
    rate(AT(limits.audit_refusals), "2000/1h",
        "How many refusals caused by strangers the audit records; metrics count all of them. It limits how fast strangers can make the store grow."),

    list(AT(http.cors_origins), check_origin, "origins such as https://app.example.com or capacitor://localhost, or * alone",
        "Origins whose scripts may call the API from a browser; empty allows none, `*` allows all. Scripts never send cookies along: the API reads none."),
    list(AT(http.trusted_proxies), check_proxy, "addresses or networks such as 10.0.0.0/8",
        "Proxies whose X-Forwarded-For is believed. If it names too many, outsiders choose the address that limits and audit see; if it names none behind a proxy, all clients share one address."),
    duration(AT(http.head_timeout), "10s", 100ms, 10min,
        "Time limit for the head of a request to arrive; a longer one lets idle clients hold connections."),
    duration(AT(http.body_timeout), "30s", 100ms, 10min,
        "Time limit for the body of a request to arrive."),
    duration(AT(http.idle_timeout), "60s", 100ms, 1h,
        "How long a connection may stay open between requests. Keep it above the same limit of a proxy in front, or the proxy now and then uses a connection that is just being closed."),
    integer(AT(http.least_body_rate), "240", 0, 1'000'000,
        "Bytes a second that a body must bring on average, judged from ten seconds on; a slower one is answered 408. 0 means no minimum."),
    integer(AT(http.connections_per_client), "4000", 1, 1'000'000,
        "Connections that one client may have open at a time: an IPv4 address, or a /48 of IPv6. Connections of trusted proxies have no such limit; on them, requests whose body is still to come count for the client that the proxy names. With a low limit, people behind one address (an office, a mobile network) shut each other out."),
    integer(AT(http.buffer_memory_mib), "0", 0, 1'048'576,
        "Memory, in MiB, for the unfinished requests of all connections, including 8 KiB for each connection. Beyond it the server closes connections, first those of the client that holds most. 0 means a quarter of the memory of the machine or of the control group."),
    integer(AT(http.max_body_bytes), "65536", 1024, 16'777'216,
        "Largest request body that is read; a larger one is answered 413. No request of the API needs more than a few kilobytes."),

    duration(AT(audit.ttl), "400d", 24h, 3650 * 24h,
        "How long audit records are kept."),
    choice(AT(log.level), "info", levels,
        "Lowest level that is logged. `debug` adds a line for each request."),
    choice(AT(log.format), "text", formats,
        "The form of log lines on standard error: text for people, or one JSON object a line."),
};
// clang-format on
#undef AT

/// Levenshtein's distance with a swap of neighbours as one step.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> above(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(above, std::move(row));
  }
  return above.back();
}

/// Of the names that `name_of` gives for the rows, the one that takes fewest changes, if these are few for
/// its length.
template <class NameOf>
std::string_view nearest(std::string_view wanted, NameOf name_of) {
  if (wanted.size() > 100) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, wanted.size() / 4) + 1;
  for (const Knob& knob : table) {
    const std::string_view name = std::invoke(name_of, knob);
    const std::size_t away = name.empty() ? least : distance(wanted, name);
    if (away < least) {
      least = away;
      best = name;
    }
  }
  return best;
}

}  // namespace

std::span<const Knob> knobs() { return table; }

const Knob* find_knob(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Knob::name);
  return found == table.end() ? nullptr : &*found;
}

bool is_group(std::string_view name) {
  return !name.empty() && std::ranges::find(table, name, group_of) != table.end();
}

std::string_view suggest_knob(std::string_view unknown) {
  // Somebody who leaves the group out means the same name inside one.
  const std::string wanted = to_lower_ascii(unknown);
  const auto inside = std::ranges::find(table, wanted, leaf_of);
  return inside != table.end() ? inside->name : nearest(wanted, &Knob::name);
}

std::string_view suggest_group(std::string_view unknown) {
  return nearest(to_lower_ascii(unknown), group_of);
}

std::string_view group_of(const Knob& knob) {
  const std::size_t dot = knob.name.find('.');
  return dot == std::string_view::npos ? std::string_view{} : knob.name.substr(0, dot);
}

std::string_view leaf_of(const Knob& knob) { return knob.name.substr(knob.name.find('.') + 1); }

std::string environment_name(const Knob& knob) {
  std::string name = "LATCHKEY_";
  for (const char c : knob.name) {
    name.push_back(c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return name;
}

std::string flag_name(const Knob& knob) { return knob.secret ? "" : "--" + std::string(knob.name); }

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> elements;
  while (!trim(text).empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    elements.emplace_back(trim(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return elements;
}

Settings::Settings() {
  for (const Knob& knob : table) {
    if (knob.default_text.empty()) continue;
    if (const auto complaint = knob.write(*this, knob.default_text)) {
      throw std::logic_error("the default of " + std::string(knob.name) + ' ' + *complaint);
    }
  }
}

}  // namespace latchkey::settings
