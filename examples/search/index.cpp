// The index and the search, in C++14. It knows nothing of the language that calls it: what it needs
// of Python, a second opinion and the lock, comes in with each call.
#include "search.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <tracer.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

constexpr double SATURATION = 1.2; // BM25's k1 and b: how fast repetition and length stop to matter
constexpr double LENGTH_SHARE = 0.75;
constexpr std::size_t CANDIDATES = 8; // so many passages get a second opinion

struct posting {
    std::uint32_t passage;
    std::uint32_t times;
};

// Who makes the spans of this file.
tracer::options options() {
    static const tracer::instrumentation_scope here("search.index", "1.0");
    tracer::options made;
    made.in(here);
    return made;
}

// Releases the caller's lock for the length of a block.
class unlocked {
  public:
    explicit unlocked(const search_caller &caller) : caller_(caller) {
        if (caller_.unlock != nullptr) {
            state_ = caller_.unlock();
        }
    }
    unlocked(const unlocked &) = delete;
    unlocked &operator=(const unlocked &) = delete;
    ~unlocked() {
        if (caller_.unlock != nullptr) {
            caller_.lock(state_);
        }
    }

  private:
    const search_caller &caller_;
    void *state_ = nullptr;
};

} // namespace

struct search_index {
    std::unordered_map<std::string, std::vector<posting>> words;
    std::vector<std::uint32_t> lengths; // of the passages, in words
    std::uint64_t total = 0;

    void add(const search_text &text);
    std::vector<search_hit> find(const std::string &query) const;
    void look_up(const std::string &word, std::map<std::uint32_t, search_hit> &found) const;
};

void search_index::add(const search_text &text) {
    std::map<std::string, std::uint32_t> counts;
    words_split(
        text.data, text.len,
        [](void *argument, const char *word, std::size_t len) {
            auto &counted = *static_cast<std::map<std::string, std::uint32_t> *>(argument);
            ++counted[std::string(word, len)];
        },
        &counts);
    const auto passage = static_cast<std::uint32_t>(lengths.size());
    std::uint32_t length = 0;
    for (const auto &entry : counts) {
        words[entry.first].push_back({passage, entry.second});
        length += entry.second;
    }
    lengths.push_back(length);
    total += length;
}

void search_index::look_up(const std::string &word,
                           std::map<std::uint32_t, search_hit> &found) const {
    tracer::scope span("index.lookup", options(), {{"word", word}});
    const auto entry = words.find(word);
    if (entry == words.end()) {
        span.set("passages", 0);
        return;
    }
    const double passages = static_cast<double>(lengths.size());
    const double having = static_cast<double>(entry->second.size());
    const double weight = std::log(1.0 + (passages - having + 0.5) / (having + 0.5));
    const double mean = static_cast<double>(total) / passages;
    for (const posting &at : entry->second) {
        const double times = at.times;
        const double length = lengths[at.passage] / mean;
        const double norm = SATURATION * (1.0 - LENGTH_SHARE + LENGTH_SHARE * length);
        search_hit &hit = found.insert({at.passage, {at.passage, 0, 0.0}}).first->second;
        hit.words += 1;
        hit.score += weight * times * (SATURATION + 1.0) / (times + norm);
    }
    span.set("passages", entry->second.size()).set("weight", weight);
}

std::vector<search_hit> search_index::find(const std::string &query) const {
    std::vector<std::string> asked;
    words_query(
        query.data(), query.size(),
        [](void *argument, const char *word, std::size_t len) {
            static_cast<std::vector<std::string> *>(argument)->emplace_back(word, len);
        },
        &asked);
    std::map<std::uint32_t, search_hit> found;
    for (const std::string &word : asked) {
        look_up(word, found);
    }
    std::vector<search_hit> hits;
    for (const auto &entry : found) {
        hits.push_back(entry.second);
    }
    return hits;
}

namespace {

void sort_best_first(std::vector<search_hit> &hits, std::size_t keep) {
    std::sort(hits.begin(), hits.end(), [](const search_hit &one, const search_hit &other) {
        return one.score != other.score ? one.score > other.score : one.passage < other.passage;
    });
    hits.resize(std::min(hits.size(), keep));
}

std::vector<search_hit> find_reviewed(const search_index &index, const std::string &query,
                                      const search_caller &caller) {
    tracer::scope span("index.find", options(), {{"language", "C++"}, {"query", query}});
    std::vector<search_hit> hits = index.find(query);
    span.add_event("candidates", {{"count", hits.size()}});
    sort_best_first(hits, CANDIDATES);
    if (caller.review != nullptr && !hits.empty()) {
        caller.review(hits.data(), hits.size()); // back into the caller's language
    }
    sort_best_first(hits, CANDIDATES);
    if (hits.empty()) {
        span.set_status(TRACER_STATUS_ERROR, "nothing found");
    }
    return hits;
}

} // namespace

search_index *search_index_new(void) { return new search_index(); }

void search_index_free(search_index *index) { delete index; }

void search_index_add(search_index *index, const char *title, const search_text *passages,
                      size_t count) {
    tracer::scope span("index.add", options(), {{"language", "C++"}, {"title", title}});
    const std::uint64_t before = index->total;
    for (std::size_t at = 0; at < count; at++) {
        index->add(passages[at]);
    }
    span.set({{"passages", count}, {"words", index->total - before}});
}

size_t search_find(const search_index *index, const char *query, const search_caller *caller,
                   search_hit *out_hits, size_t capacity) {
    const tracer::handover taken; // while the caller's lock is held
    std::vector<search_hit> hits;
    {
        const unlocked released(*caller);
        const auto work = [&] { return find_reviewed(*index, query, *caller); };
        hits = caller->hand_over != 0 ? taken.run(work) : work();
    }
    const std::size_t count = std::min(hits.size(), capacity);
    std::copy_n(hits.begin(), count, out_hits);
    return count;
}
