#include "crypto/password/fair_queue.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace latchkey::crypto::password {

FairQueue::FairQueue(std::size_t limit)
    : limit_(limit), share_(std::max<std::size_t>(1, limit - limit / 4)) {}

std::size_t FairQueue::longest_line(const Site& site) {
  std::size_t longest = 0;
  for (std::size_t i = 1; i < site.lines.size(); ++i) {
    if (site.lines[i].jobs.size() > site.lines[longest].jobs.size()) longest = i;
  }
  return longest;
}

FairQueue::Place FairQueue::find_place(const ClientNetwork& client) const {
  const auto own = sites_.find(client.site());
  const std::size_t of_site = own != sites_.end() ? own->second.waiting : 0;
  if (of_site < share_) {
    if (size_ < limit_) return {.kind = Place::Kind::free};
    // Only if the other has more than this one afterwards: otherwise two would throw each other out in turn.
    const auto fuller = [](const auto& a, const auto& b) { return a.second.waiting < b.second.waiting; };
    const auto fullest = std::ranges::max_element(sites_, fuller);
    if (fullest != sites_.end() && fullest->second.waiting > of_site + 1)
      return {.kind = Place::Kind::of_another, .site = &fullest->first};
  }
  // Within the client's own /48 the same holds between its networks.
  if (of_site == 0) return {};
  const Site& site = own->second;
  const auto line = std::ranges::find(site.lines, client, &Line::network);
  const std::size_t of_network = line != site.lines.end() ? line->jobs.size() : 0;
  if (site.lines[longest_line(site)].jobs.size() > of_network + 1)
    return {.kind = Place::Kind::of_another, .site = &own->first};
  return {};
}

std::unique_ptr<HashJob> FairQueue::remove_newest(Site& site) {
  const auto line = site.lines.begin() + static_cast<std::ptrdiff_t>(longest_line(site));
  std::unique_ptr<HashJob> newest = std::move(line->jobs.back());
  line->jobs.pop_back();
  if (line->jobs.empty()) site.lines.erase(line);
  --site.waiting;
  --size_;
  return newest;
}

std::unique_ptr<HashJob> FairQueue::push(const ClientNetwork& client, std::unique_ptr<HashJob> job) {
  const Place place = find_place(client);
  if (place.kind == Place::Kind::none) return job;
  std::unique_ptr<HashJob> displaced;
  // The site keeps something: it had at least two, or this job comes to it.
  if (place.kind == Place::Kind::of_another) displaced = remove_newest(sites_.at(*place.site));

  Site& site = sites_[client.site()];
  if (site.waiting == 0) (site.running == 0 ? newcomers_ : turns_).push_back(&site);
  auto line = std::ranges::find(site.lines, client, &Line::network);
  if (line == site.lines.end()) line = site.lines.insert(site.lines.end(), Line{client, {}});
  line->jobs.push_back(std::move(job));
  ++site.waiting;
  ++size_;
  return displaced;
}

FairQueue::Site& FairQueue::next_site() {
  if (!newcomers_.empty() && (turns_.empty() || newcomers_in_a_row_ < most_newcomers)) {
    ++newcomers_in_a_row_;
    Site& site = *newcomers_.front();
    newcomers_.pop_front();
    return site;
  }
  newcomers_in_a_row_ = 0;
  for (;;) {
    Site& site = *turns_.front();
    turns_.pop_front();
    if (site.debt < fair_turn) return site;
    site.debt -= fair_turn;
    turns_.push_back(&site);
  }
}

FairQueue::Turn FairQueue::take() {
  if (is_empty()) throw std::logic_error("no job waits");
  Site& site = next_site();
  Line line = std::move(site.lines.front());
  site.lines.pop_front();
  Turn turn{line.network, std::move(line.jobs.front())};
  line.jobs.pop_front();
  if (!line.jobs.empty()) site.lines.push_back(std::move(line));
  --site.waiting;
  ++site.running;
  --size_;
  if (site.waiting > 0) turns_.push_back(&site);
  return turn;
}

void FairQueue::finish(const ClientNetwork& client, Microseconds took) {
  const auto found = sites_.find(client.site());
  Site& site = found->second;
  --site.running;
  if (site.waiting == 0 && site.running == 0) {
    sites_.erase(found);
    return;
  }
  site.debt += std::max(took - fair_turn, Microseconds{0});
  site.debt = std::min(site.debt, fair_turn * most_passed_turns);
}

std::vector<std::unique_ptr<HashJob>> FairQueue::take_all() {
  std::vector<std::unique_ptr<HashJob>> all;
  all.reserve(size_);
  turns_.clear();
  newcomers_.clear();
  for (auto at = sites_.begin(); at != sites_.end();) {
    Site& site = at->second;
    for (Line& line : site.lines) {
      for (auto& job : line.jobs) all.push_back(std::move(job));
    }
    site.lines.clear();
    site.waiting = 0;
    at = site.running == 0 ? sites_.erase(at) : std::next(at);
  }
  size_ = 0;
  return all;
}

}  // namespace latchkey::crypto::password
