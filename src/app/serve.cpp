#include "app/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <mutex>

#include "api/access.h"
#include "api/api.h"
#include "api/browser_access.h"
#include "api/openapi.h"
#include "api/router.h"
#include "api/show.h"
#include "app/cli/control_server.h"
#include "app/cli/restore.h"
#include "app/core.h"
#include "app/departure_watch.h"
#include "app/descriptors.h"
#include "app/features.h"
#include "app/housekeeping.h"
#include "app/io_threads.h"
#include "app/key_schedule.h"
#include "app/public_url.h"
#include "app/start_text.h"
#include "app/stop_signal.h"
#include "base/cores.h"
#include "base/free_memory.h"
#include "base/ip_address.h"
#include "base/log.h"
#include "base/usable_memory.h"
#include "db/sqlite/compact.h"
#include "flow/accounts/first_link.h"
#include "flow/accounts/first_start.h"
#include "http/router.h"
#include "mail/files.h"
#include "mail/smtp_transport.h"
#include "mail/worker.h"
#include "settings/newcomer.h"
#include "settings/url.h"
#include "web/pages.h"

namespace latchkey::app {
namespace {

/// In all the operator may wait ten seconds. The rest is for what comes after the listeners: a thread that is
/// just connecting to a database that says nothing can not be called back for two seconds.
constexpr auto drain_grace = std::chrono::milliseconds(5000);

std::size_t thread_count(const Settings& settings) {
  if (settings.threads > 0) return static_cast<std::size_t>(settings.threads);
  return usable_cores();
}

http::Options make_http_options(const Settings& settings, const Descriptors& descriptors) {
  const auto in_ms = [](Microseconds time) { return std::chrono::ceil<std::chrono::milliseconds>(time); };
  http::Options options;
  options.limits.reserved_descriptors = descriptors.reserved;
  options.limits.descriptors = descriptors.limit;
  options.limits.least_body_rate = static_cast<std::size_t>(settings.http.least_body_rate);
  options.timeouts.head = in_ms(settings.http.head_timeout);
  options.timeouts.body = in_ms(settings.http.body_timeout);
  options.timeouts.idle = in_ms(settings.http.idle_timeout);
  options.cors_origins = settings.http.cors_origins;
  options.trusted_proxies = http::TrustedProxies(settings.http.trusted_proxies);
  return options;
}

http::wire::Crowd::Bounds make_bounds(const Settings& settings) {
  const auto chosen = static_cast<std::size_t>(settings.http.buffer_memory_mib) << 20U;
  return {.connections_of_one_client = static_cast<std::size_t>(settings.http.connections_per_client),
          .memory = chosen > 0 ? chosen : usable_memory() / 4};
}

mail::Transports make_transports(const Settings& settings) {
  mail::Transports transports;
  if (settings.mail.smtp_url.empty()) {
    const auto link = settings::is_for_newcomers(settings) ? mail::LinkInLog::shown : mail::LinkInLog::hidden;
    transports.push_back(std::make_unique<mail::Files>(settings::mail_folder(settings), link));
    return transports;
  }
  for (int i = 0; i < settings.mail.connections; ++i)
    transports.push_back(std::make_unique<mail::SmtpTransport>(mail::make_smtp_options(settings.mail)));
  return transports;
}

mail::FindLinkKeys link_keys(const flow::Services& services) {
  return [&services] {
    return mail::LinkKeys{.ring = services.keys.current()->ring(),
                          .public_url = services.public_url,
                          .settings = services.settings};
  };
}

/// Everything that `serve` adds to the core, in the order of dependence; destroyed from the bottom up.
class Server {
 public:
  explicit Server(const settings::Loaded& loaded)
      : settings_(loaded.settings),
        descriptors_(share_out_descriptors(settings_, thread_count(settings_))),
        pages_(
            pages(),
            {.folder = settings_.pages.templates_dir, .service = service_host(), .transport = transport()}),
        templates_(mails(), settings_.mail.templates_dir),
        core_(settings_, clock_, Purpose::server),
        api_{.services = core_.services(),
             .pages = pages_,
             .first_link = first_link_,
             .readiness = [this] { return trouble(); },
             .counters = counters(),
             .openapi = {}},
        router_(api::make_routes(features(), api::Listener::open, api_, body_limit())),
        management_router_(api::make_routes(features(), api::Listener::management, api_, body_limit())),
        threads_(thread_count(settings_), addresses(), parts()),
        mail_(core_.services().database, clock_, templates_, make_transports(settings_),
              link_keys(core_.services()), mail_options()),
        housekeeping_(core_.services(), clock_, sweeps()),
        key_schedule_(core_.services(), clock_),
        control_(core_, loaded,
                 {.restart_with = [this](std::function<void()> work) { restart_with(std::move(work)); }}) {
    // The lock on the data directory is ours: no restore is at work.
    if (cli::discard_restore(settings_.data_dir)) log::info("restore.leftover_removed");
    if (db::sqlite::discard_compaction(settings_.data_dir)) log::info("compact.leftover_removed");
    core_.set_public_url(public_url());
    api_.browsers = api::make_browser_rules(public_url());
    api_.openapi = boost::json::serialize(api::make_openapi(features(), public_url()));
    core_.set_wake_mail([this] { mail_.wake(); });
  }

  void run() {
    const StartText text = prepare_start_text();
    mail_.start();
    housekeeping_.start();
    key_schedule_.start();
    control_.start();
    departure_.start();
    threads_.start(core_.services().database);
    tell_the_operator(text);
    stop_.wait();
    shut_down();
  }

  /// What a restore left to do once everything is closed.
  std::function<void()> take_after_close() { return std::move(after_close_); }

 private:
  std::size_t body_limit() const { return static_cast<std::size_t>(settings_.http.max_body_bytes); }

  http::Options http_options() {
    http::Options options = make_http_options(settings_, descriptors_);
    options.denials.page = [this](const Error& error, const http::Request& request) {
      return api::deny_with_page(api_, error, request);
    };
    options.refusal_pace.buckets = &core_.services().buckets;
    return options;
  }

  /// The host of the public URL, when one is set: what people know the service by.
  std::string service_host() const {
    const auto url = settings::parse_url(settings_.public_url);
    return url.has_value() ? url->host : std::string();
  }

  /// Whether people reach the service by https.
  web::Pages::Transport transport() const {
    return settings_.public_url.starts_with("https://") ? web::Pages::Transport::https
                                                        : web::Pages::Transport::plain;
  }

  /// The listener's own address is known since it is bound.
  std::string public_url() const { return app::public_url(settings_, threads_.endpoint()); }

  IoThreads::Addresses addresses() const {
    return {.listen = settings_.listen, .management = settings_.management_listen};
  }

  IoThreads::Parts parts() {
    return {.router = router_,
            .management_router = management_router_,
            .clock = clock_,
            .options = http_options(),
            .access = api::make_access_hook(api_),
            .bounds = make_bounds(settings_)};
  }

  mail::WorkerOptions mail_options() const {
    mail::WorkerOptions options;
    options.from = settings_.mail.from;
    options.envelope_from = settings_.mail.envelope_from.address;
    if (const auto url = settings::parse_url(public_url())) options.service = url->host;
    // One server per data directory: what a crash left half sent is ours to send again at once.
    options.nodes = settings_.is_embedded() ? mail::Nodes::one : mail::Nodes::several;
    return options;
  }

  std::optional<std::string> trouble() {
    if (draining_.load(std::memory_order_relaxed)) return "draining";
    return core_.services().database.trouble();
  }

  void restart_with(std::function<void()> after_close) {
    {
      const std::lock_guard lock(mutex_);
      after_close_ = std::move(after_close);
    }
    stop_.request();
  }

  StartText prepare_start_text();
  void tell_the_operator(const StartText& text);
  void shut_down();

  const Settings& settings_;
  const Descriptors descriptors_;  // before anything is opened
  Clock clock_;
  StopSignal stop_;  // before every thread
  // Before the store: wrong templates refuse the start before anything is touched.
  web::Pages pages_;
  mail::Templates templates_;
  Core core_;
  flow::accounts::FirstLink first_link_;
  api::Api api_;
  http::Router router_;
  http::Router management_router_;
  IoThreads threads_;
  mail::Worker mail_;
  app::Housekeeping housekeeping_;
  app::KeySchedule key_schedule_;
  cli::ControlServer control_;
  DepartureWatch departure_{core_.services().database, [this] { stop_.request(); }};
  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  std::function<void()> after_close_;
};

/// The link is made only where somebody reads it: at a terminal, and never in the files of a journal.
StartText Server::prepare_start_text() {
  const auto& services = core_.services();
  StartText text{.version = LATCHKEY_VERSION,
                 .url = services.public_url,
                 .data_dir = settings_.data_dir.string(),
                 .is_for_newcomers = settings::is_for_newcomers(settings_),
                 .is_at_terminal = ::isatty(STDERR_FILENO) == 1,
                 .has_administrator = flow::accounts::has_administrator(services.database)};
  if (text.shows_first_link()) text.first_link_token = first_link_.open();
  return text;
}

void Server::tell_the_operator(const StartText& text) {
  const std::string address = "http://" + to_string(threads_.endpoint());
  const auto& services = core_.services();
  log::info("server.started", {{"version", LATCHKEY_VERSION},
                               {"address", address},
                               {"public_url", services.public_url},
                               {"data_dir", settings_.data_dir.string()},
                               {"store", settings_.is_embedded() ? "sqlite" : "postgresql"},
                               {"docs", services.public_url + "/docs"}});
  if (const auto management = threads_.management_endpoint()) {
    log::info("server.management", {{"address", "http://" + to_string(*management)}});
  }
  if (settings_.mail.smtp_url.empty()) {
    log::info("mail.to_files", {{"folder", settings::mail_folder(settings_).string()},
                                {"hint", "no mail leaves this machine until mail.smtp_url is set"}});
  }
  if (!text.has_administrator && !text.shows_first_link()) {
    log::info("administrator.missing",
              {{"hint",
                "create the first one: latchkey user add --email YOU@EXAMPLE.ORG --username YOU --role admin "
                "--confirmed --password-stdin (with ./run in place of latchkey in a checkout)"}});
  }
  if (settings_.public_url.empty() && !is_loopback(settings_.listen.address)) {
    log::warn("public_url.missing",
              {{"hint", "links in mails are made from the listener's address; set public_url"}});
  }
  fmt::print("listening on {}\n", address);
  std::fflush(stdout);
  if (text.is_at_terminal) log::show(render(text));
  release_start_memory();
}

void Server::shut_down() {
  log::info("server.stopping");
  stop_.end_at_next();
  draining_.store(true, std::memory_order_relaxed);
  // The listeners accept nothing new from here on, whatever the commands that run still do. Then the threads
  // end that can start something, then those that serve it, then those that complete work on the I/O
  // threads, then these. What no request waits for ends while the requests do, which a silent mail server or
  // database may delay; mail that these requests cause stands in the store, and goes out after the next start
  // or from another node.
  threads_.begin_drain(drain_grace);
  control_.stop();
  departure_.stop();
  mail_.stop();
  housekeeping_.stop();
  key_schedule_.stop();
  threads_.wait_drained();
  core_.services().hashing.stop();
  threads_.join();
  log::info("server.stopped");
}

/// The command line of this process, to start it anew.
std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < text.size(); at += arguments.back().size() + 1)
    arguments.emplace_back(text.c_str() + at);
  return arguments;
}

[[noreturn]] void start_anew() {
  auto arguments = own_arguments();
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execv("/proc/self/exe", pointers.data());
  throw std::system_error(errno, std::system_category(), "the program could not restart itself");
}

}  // namespace

int serve(const settings::Loaded& loaded) {
  log::start(loaded.settings.log.level, loaded.settings.log.format);
  for (const auto& warning : loaded.warnings) log::warn("settings.unwise", {{"setting", warning}});
  for (const auto& name : loaded.left_alone) log::debug("settings.left_alone", {{"variable", name}});
  std::function<void()> after_close;
  {
    Server server(loaded);
    server.run();
    after_close = server.take_after_close();
  }
  if (after_close) {
    after_close();
    log::info("server.restarting");
    log::stop();
    start_anew();
  }
  log::stop();
  return 0;
}

}  // namespace latchkey::app
