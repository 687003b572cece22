/* The pieces of the search program and the calls between them. Texts are UTF-8 with a length. */
#ifndef SEARCH_H
#define SEARCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* words.c, in C: calls `each` for every word of a text, in lower case, at most 63 bytes of it. */
typedef void (*words_each)(void *argument, const char *word, size_t len);
void words_split(const char *text, size_t len, words_each each, void *argument);
/* The same for a query, as a span of its own. Returns the number of words. */
size_t words_query(const char *text, size_t len, words_each each, void *argument);

/* index.cpp, in C++: an index of passages. Searching may be done by several threads at once. */
typedef struct search_index search_index;
search_index *search_index_new(void);
void search_index_free(search_index *index);

typedef struct search_text {
    const char *data;
    size_t len;
} search_text;

/* Adds the passages of a document; they are numbered from 0 in the order in which they come. */
void search_index_add(search_index *index, const char *title, const search_text *passages,
                      size_t count);

typedef struct search_hit {
    uint32_t passage;
    uint32_t words; /* how many of the query's words it has */
    double score;
} search_hit;

/* What a caller lends: a second opinion on the candidates, and its language's lock. */
typedef struct search_caller {
    void (*review)(search_hit *hits, size_t count); /* may change the scores; takes the lock itself */
    void *(*unlock)(void);                          /* NULL: the lock stays held */
    void (*lock)(void *state);
    int hand_over; /* take the current context along when the lock is released */
} search_caller;

/* Finds the best passages for a query: at most `capacity`, the best first. Returns their number. */
size_t search_find(const search_index *index, const char *query, const search_caller *caller,
                   search_hit *out_hits, size_t capacity);

/* rank/, in Rust: scores texts by how close together they have the words of a query. */
void rank_score(const char *query, const search_text *texts, double *out_scores, size_t count);
/* The stretch of at most `width` bytes that has most of the words. Returns its length. */
size_t rank_excerpt(const char *query, search_text text, size_t width, size_t *out_start);

#ifdef __cplusplus
}
#endif

#endif
