#include "otlp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct part {
    const uint8_t *at, *end;
} part;

typedef struct field {
    uint64_t number, value; /* value: of a varint or fixed field */
    part bytes;             /* of a length-delimited one */
} field;

static bool varint(part *in, uint64_t *out) {
    *out = 0;
    for (unsigned shift = 0; in->at < in->end && shift < 64; shift += 7) {
        uint8_t byte = *in->at++;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

static bool take(part *in, size_t len, part *out) {
    if (len > (size_t)(in->end - in->at)) {
        return false;
    }
    out->at = in->at;
    out->end = in->at += len;
    return true;
}

static bool next(part *in, field *out) {
    uint64_t tag = 0, len = 0;
    if (in->at >= in->end || !varint(in, &tag)) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->number = tag >> 3;
    switch (tag & 7) {
    case 0:
        return varint(in, &out->value);
    case 1:
    case 5:
        if (!take(in, (tag & 7) == 1 ? 8 : 4, &out->bytes)) {
            return false;
        }
        for (const uint8_t *byte = out->bytes.end; byte > out->bytes.at;) {
            out->value = out->value << 8 | *--byte;
        }
        return true;
    case 2:
        return varint(in, &len) && take(in, (size_t)len, &out->bytes);
    default:
        return false;
    }
}

/* Appends to a buffer of `room` bytes, cutting. */
static void put(char *out, size_t room, const char *format, ...) {
    size_t used = strlen(out);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out + used, room - used, format, arguments);
    va_end(arguments);
}

static void put_text(char *out, size_t room, part text) {
    put(out, room, "%.*s", (int)(text.end - text.at), (const char *)text.at);
}

static void put_hex(char *out, size_t room, part bytes) {
    for (const uint8_t *byte = bytes.at; byte < bytes.end; byte++) {
        put(out, room, "%02x", *byte);
    }
}

/* How pairs are written: a=1 b=2, or "a":1,"b":2. */
typedef enum style { FLAT, MAP } style;

static void put_pairs(char *out, size_t room, part pairs, uint64_t number, style how);

static void put_value(char *out, size_t room, part value) {
    field one;
    double number;
    const char *comma = "";
    if (!next(&value, &one)) {
        put(out, room, "null");
        return;
    }
    switch (one.number) {
    case 1:
        put(out, room, "\"");
        put_text(out, room, one.bytes);
        put(out, room, "\"");
        break;
    case 2:
        put(out, room, one.value ? "true" : "false");
        break;
    case 3:
        put(out, room, "%" PRId64, (int64_t)one.value);
        break;
    case 4:
        memcpy(&number, &one.value, sizeof number);
        put(out, room, "%g", number);
        break;
    case 5:
        put(out, room, "[");
        for (field element; next(&one.bytes, &element); comma = ",") {
            put(out, room, "%s", comma);
            put_value(out, room, element.bytes);
        }
        put(out, room, "]");
        break;
    case 6:
        put(out, room, "{");
        put_pairs(out, room, one.bytes, 1, MAP);
        put(out, room, "}");
        break;
    case 7:
        put(out, room, "x'");
        put_hex(out, room, one.bytes);
        put(out, room, "'");
        break;
    default:
        put(out, room, "?%" PRIu64, one.number);
    }
}

/* The KeyValue fields of that number. */
static void put_pairs(char *out, size_t room, part pairs, uint64_t number, style how) {
    const char *between = "";
    for (field pair; next(&pairs, &pair);) {
        if (pair.number != number) {
            continue;
        }
        part key = {NULL, NULL}, value = {NULL, NULL};
        for (field half; next(&pair.bytes, &half);) {
            *(half.number == 1 ? &key : &value) = half.bytes;
        }
        put(out, room, how == MAP ? "%s\"" : "%s", between);
        put_text(out, room, key);
        put(out, room, how == MAP ? "\":" : "=");
        put_value(out, room, value);
        between = how == MAP ? "," : " ";
    }
}

static void put_event(seen *out, part event) {
    part whole = event;
    put(out->events, sizeof out->events, "%s", *out->events ? " " : "");
    for (field one; next(&event, &one);) {
        if (one.number == 1) {
            out->event_time = one.value;
        } else if (one.number == 2) {
            put_text(out->events, sizeof out->events, one.bytes);
        }
    }
    put(out->events, sizeof out->events, "{");
    put_pairs(out->events, sizeof out->events, whole, 3, FLAT);
    put(out->events, sizeof out->events, "}");
}

static void put_link(seen *out, part link) {
    part whole = link;
    put(out->links, sizeof out->links, "%s", *out->links ? " " : "");
    for (field one; next(&link, &one);) {
        if (one.number == 1 || one.number == 2) {
            put_hex(out->links, sizeof out->links, one.bytes);
            put(out->links, sizeof out->links, one.number == 1 ? "-" : "{");
        }
    }
    put_pairs(out->links, sizeof out->links, whole, 4, FLAT);
    put(out->links, sizeof out->links, "}");
}

static void put_status(seen *out, part status) {
    for (field one; next(&status, &one);) {
        if (one.number == 2) {
            put_text(out->message, sizeof out->message, one.bytes);
        } else if (one.number == 3) {
            out->code = one.value;
        }
    }
}

static void put_number(seen *out, const field *one) {
    switch (one->number) {
    case 6: out->kind = one->value; break;
    case 7: out->start = one->value; break;
    case 8: out->end = one->value; break;
    case 10: out->dropped_attributes = one->value; break;
    case 12: out->dropped_events = one->value; break;
    case 14: out->dropped_links = one->value; break;
    case 16: out->flags = one->value; break;
    default: break;
    }
}

static void put_span(seen *out, part span) {
    part whole = span;
    for (field one; next(&span, &one);) {
        switch (one.number) {
        case 1: put_hex(out->trace_id, sizeof out->trace_id, one.bytes); break;
        case 2: put_hex(out->span_id, sizeof out->span_id, one.bytes); break;
        case 3: put_text(out->trace_state, sizeof out->trace_state, one.bytes); break;
        case 4: put_hex(out->parent_id, sizeof out->parent_id, one.bytes); break;
        case 5: put_text(out->name, sizeof out->name, one.bytes); break;
        case 11: put_event(out, one.bytes); break;
        case 13: put_link(out, one.bytes); break;
        case 15: put_status(out, one.bytes); break;
        default: put_number(out, &one); break;
        }
    }
    put_pairs(out->attributes, sizeof out->attributes, whole, 9, FLAT);
}

static void put_scope(seen *out, part scope) {
    put_pairs(out->scope_attributes, sizeof out->scope_attributes, scope, 3, FLAT);
    for (field one; next(&scope, &one);) {
        if (one.number <= 2) {
            put(out->scope, sizeof out->scope, one.number == 2 ? " " : "");
            put_text(out->scope, sizeof out->scope, one.bytes);
        }
    }
}

static void put_log(seen *out, part record) {
    part whole = record;
    strcpy(out->body, "none");
    for (field one; next(&record, &one);) {
        switch (one.number) {
        case 1: out->start = one.value; break;
        case 2: out->severity = one.value; break;
        case 3: put_text(out->severity_text, sizeof out->severity_text, one.bytes); break;
        case 5:
            *out->body = 0;
            put_value(out->body, sizeof out->body, one.bytes);
            break;
        case 7: out->dropped_attributes = one.value; break;
        case 8: out->flags = one.value; break;
        case 9: put_hex(out->trace_id, sizeof out->trace_id, one.bytes); break;
        case 10: put_hex(out->span_id, sizeof out->span_id, one.bytes); break;
        case 11: out->observed = one.value; break;
        case 12: put_text(out->event_name, sizeof out->event_name, one.bytes); break;
        default: break;
        }
    }
    put_pairs(out->attributes, sizeof out->attributes, whole, 6, FLAT);
}

/* Reads a message of one span or record, which `record` takes. */
static void read_one(seen *out, part message, void (*record)(seen *, part)) {
    for (field one; next(&message, &one);) {
        if (one.number == 1) {
            put_pairs(out->resource, sizeof out->resource, one.bytes, 1, FLAT);
        } else if (one.number == 3) {
            put_text(out->schemas, sizeof out->schemas, one.bytes);
        }
        for (field two; one.number == 2 && next(&one.bytes, &two);) {
            if (two.number == 1) {
                put_scope(out, two.bytes);
            } else if (two.number == 2) {
                record(out, two.bytes);
            } else if (two.number == 3) {
                put(out->schemas, sizeof out->schemas, " ");
                put_text(out->schemas, sizeof out->schemas, two.bytes);
            }
        }
    }
}

bool see(const tracer_capture *capture, size_t index, seen *out) {
    const uint8_t *bytes = NULL;
    size_t len = 0;
    memset(out, 0, sizeof *out);
    if (!tracer_capture_otlp(capture, index, &bytes, &len)) {
        return false;
    }
    read_one(out, (part){bytes, bytes + len}, put_span);
    return true;
}

bool see_log(const tracer_capture *capture, size_t index, seen *out) {
    const uint8_t *bytes = NULL;
    size_t len = 0;
    memset(out, 0, sizeof *out);
    if (!tracer_capture_log_otlp(capture, index, &bytes, &len)) {
        return false;
    }
    read_one(out, (part){bytes, bytes + len}, put_log);
    return true;
}

bool see_named(const tracer_capture *capture, const char *name, seen *out) {
    for (size_t index = tracer_capture_count(capture); index > 0; index--) {
        if (see(capture, index - 1, out) && strcmp(out->name, name) == 0) {
            return true;
        }
    }
    memset(out, 0, sizeof *out);
    return false;
}

bool see_sent(const uint8_t *request, size_t len, seen *out) {
    part message = {request, request + len};
    field resource;
    memset(out, 0, sizeof *out);
    if (count_spans(request, len) != 1 || !next(&message, &resource)) {
        return false;
    }
    read_one(out, resource.bytes, put_span);
    return true;
}

size_t count_spans(const uint8_t *request, size_t len) {
    size_t count = 0;
    part message = {request, request + len};
    for (field resource; next(&message, &resource);) {
        for (field scope; resource.number == 1 && next(&resource.bytes, &scope);) {
            for (field span; scope.number == 2 && next(&scope.bytes, &span);) {
                count += span.number == 2;
            }
        }
    }
    return count;
}
