/* Headers as a small list: what tests inject into and extract from. */
#ifndef CARRIER_H
#define CARRIER_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct headers {
    size_t count;
    char keys[16][64], values[16][512];
} headers;

static inline bool same_key(const char *one, const char *other) {
    while (*one && tolower((unsigned char)*one) == tolower((unsigned char)*other)) {
        one++, other++;
    }
    return *one == *other;
}

static inline const char *header_get(void *carrier, const char *key) {
    headers *all = carrier;
    for (size_t place = 0; place < all->count; place++) {
        if (same_key(all->keys[place], key)) {
            return all->values[place];
        }
    }
    return NULL;
}

static inline const char *header_key(void *carrier, size_t index) {
    headers *all = carrier;
    return index < all->count ? all->keys[index] : NULL;
}

static inline void header_set(void *carrier, const char *key, const char *value) {
    headers *all = carrier;
    if (all->count < 16) {
        snprintf(all->keys[all->count], sizeof all->keys[0], "%s", key);
        snprintf(all->values[all->count], sizeof all->values[0], "%s", value);
        all->count++;
    }
}

/* The value of a header, empty if it was not set. */
static inline const char *header(headers *all, const char *key) {
    const char *value = header_get(all, key);
    return value ? value : "";
}

#endif
