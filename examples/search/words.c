/* Words of a text, in C99. */
#include "search.h"

#include <stdbool.h>
#include <tracer.h>

enum { LONGEST = 63 };

static char lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

/* Letters, digits, and every byte of a character beyond ASCII. */
static bool is_word(char byte) {
    char small = lower(byte);
    return (small >= 'a' && small <= 'z') || (byte >= '0' && byte <= '9') || ((unsigned char)byte & 0x80);
}

void words_split(const char *text, size_t len, words_each each, void *argument) {
    char word[LONGEST];
    size_t used = 0;
    for (size_t at = 0; at <= len; at++) {
        if (at < len && is_word(text[at])) {
            if (used < sizeof word) {
                word[used++] = lower(text[at]);
            }
        } else if (used > 0) {
            each(argument, word, used);
            used = 0;
        }
    }
}

struct counted {
    words_each each;
    void *argument;
    size_t count;
};

static void count_word(void *argument, const char *word, size_t len) {
    struct counted *counted = argument;
    counted->count++;
    counted->each(counted->argument, word, len);
}

size_t words_query(const char *text, size_t len, words_each each, void *argument) {
    struct counted counted = {each, argument, 0};
    tracer_span span = tracer_span_begin("words.query");
    words_split(text, len, count_word, &counted);
    tracer_span_set_string(span, "language", "C", 1);
    tracer_span_set_int(span, "words", (int64_t)counted.count);
    tracer_span_finish(span);
    return counted.count;
}
