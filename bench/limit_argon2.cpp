// What one Argon2id hash costs at least with a library of its kind: one thread, memory taken once and reused,
// on huge pages where the kernel has some.
//
//   limit_argon2 --seconds S --memory KIB --passes N [--library FILE]
//
// Without --library Debian's libargon2; with it any build of the same interface, the reference code's for
// example.

#include <argon2.h>
#include <dlfcn.h>
#include <sys/mman.h>

#include <array>

#include "measure.h"

namespace latchkey::bench {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20U;

std::uint8_t* arena = nullptr;
std::size_t arena_size = 0;

void make_arena(std::size_t wanted) {
  arena_size = (wanted + huge_page - 1) / huge_page * huge_page;
  void* const mapped =
      ::mmap(nullptr, arena_size + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) give_up("no memory to hash in");
  const auto start = reinterpret_cast<std::uintptr_t>(mapped);
  arena = static_cast<std::uint8_t*>(mapped) + ((huge_page - start % huge_page) % huge_page);
  ::madvise(arena, arena_size, MADV_HUGEPAGE);
}

int take(std::uint8_t** memory, std::size_t size) {
  if (size > arena_size) return ARGON2_MEMORY_ALLOCATION_ERROR;
  *memory = arena;
  return ARGON2_OK;
}
void give_back(std::uint8_t*, std::size_t) {}

using Hash = int (*)(argon2_context*);

Hash load_library(const std::string& path) {
  if (path.empty()) return argon2id_ctx;
  // Its own functions first: Debian's library is in this process too, and has the same names.
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  void* const symbol = library == nullptr ? nullptr : ::dlsym(library, "argon2id_ctx");
  if (symbol == nullptr) give_up(std::string("no Argon2 library: ") + ::dlerror());
  return reinterpret_cast<Hash>(symbol);
}

int run(const Arguments& arguments) {
  const auto memory = static_cast<std::uint32_t>(arguments.count("memory", 19456));
  const auto passes = static_cast<std::uint32_t>(arguments.count("passes", 2));
  const double seconds = arguments.number("seconds", 2);
  const Hash hash = load_library(arguments.text("library"));
  make_arena(std::size_t{memory} * 1024);

  std::array<std::uint8_t, 32> tag{};
  std::array<std::uint8_t, 16> password{'s', 'e', 'c', 'u', 'r', 'e', '_', 'p',
                                        'a', 's', 's', 'w', 'o', 'r', 'd'};
  std::array<std::uint8_t, 16> salt{1, 2, 3, 4, 5, 6, 7, 8};
  const auto one = [&] {
    argon2_context context{};
    context.out = tag.data();
    context.outlen = tag.size();
    context.pwd = password.data();
    context.pwdlen = password.size();
    context.salt = salt.data();
    context.saltlen = salt.size();
    context.t_cost = passes;
    context.m_cost = memory;
    context.lanes = 1;
    context.threads = 1;
    context.version = ARGON2_VERSION_13;
    context.allocate_cbk = take;
    context.free_cbk = give_back;
    if (hash(&context) != ARGON2_OK) give_up("a hash failed");
    salt = {tag[0], tag[1], tag[2], tag[3], tag[4], tag[5], tag[6], tag[7]};
  };
  one();  // takes the pages
  const Stopwatch watch;
  std::uint64_t done = 0;
  for (; watch.elapsed() < seconds; ++done) one();
  watch.report(done);
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) { return latchkey::bench::run(latchkey::bench::Arguments(argc, argv)); }
