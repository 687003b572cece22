/* Which spans are recorded, and what the program says about each: samplers, ids, clock, filter. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static char text[1024];
static tracer_capture *capture;
static tracer_scope *scope;

/* Makes the provider of these tests anew. */
static void use(tracer_config *config) {
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    tracer_scope_free(scope);
    scope = tracer_scope_new(provider, "sampling", "1.0", NULL);
    tracer_provider_free(provider);
    tracer_capture_clear(capture);
}

static tracer_span below(const char *name, const tracer_context *parent, const tracer_attribute *attribute) {
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.parent = parent;
    options.flags = parent == NULL ? TRACER_SPAN_ROOT : 0;
    options.attributes = attribute;
    options.attribute_count = attribute != NULL;
    return tracer_span_start(scope, name, &options);
}

static bool is_sampled(tracer_span span) {
    tracer_context *context = tracer_span_context(span);
    bool sampled = tracer_context_is_sampled(context);
    tracer_context_free(context);
    tracer_span_end(span);
    return sampled;
}

static tracer_attribute text_attribute(const char *key, const char *value) {
    tracer_attribute made = {.key = key, .type = TRACER_STRING};
    made.value.text.data = value;
    made.value.text.len = strlen(value);
    return made;
}

typedef struct asked {
    tracer_decision answer;
    int destroyed;
    char seen[512];
} asked;

static tracer_decision sample(void *data, const tracer_sampling_input *in, tracer_sampling_output *out) {
    asked *asked = data;
    char parent[17] = "", link[17] = "";
    tracer_context_span_id_hex(in->parent, parent);
    if (in->link_count == 1) {
        tracer_context_span_id_hex(in->links[0], link);
    }
    text[0] = '\0';
    tracer_attribute_text(tracer_attribute_find(in->attributes, in->attribute_count, "user"), text, sizeof text);
    snprintf(asked->seen, sizeof asked->seen, "%s %d parent=%s user=%.64s link=%s", in->name,
             (int)in->kind, parent, text, link);
    tracer_attribute added = text_attribute("sampled.by", "me");
    tracer_sampling_output_set_attributes(out, &added, 1);
    tracer_sampling_output_set_tracestate(out, "own=1");
    return asked->answer;
}
static void destroy(void *data) { ((asked *)data)->destroyed++; }

static tracer_sampler_callbacks sampler(asked *asked) {
    tracer_sampler_callbacks callbacks = TRACER_SAMPLER_CALLBACKS_INIT;
    callbacks.user_data = asked;
    callbacks.sample = sample;
    callbacks.description = "Mine";
    callbacks.destroy = destroy;
    return callbacks;
}

static void a_sampler_sees_all_of_the_start_and_adds_to_it(void) {
    static asked asked; /* as long as the process */
    tracer_sampler_callbacks callbacks = sampler(&asked);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler_callbacks(config, &callbacks, false), TRACER_OK);
    use(config);
    tracer_context *other = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-00", "old=1");
    tracer_attribute user = text_attribute("user", "ada");
    tracer_link link = {other, &user, 1};
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.kind = TRACER_KIND_CLIENT;
    options.parent = other;
    options.attributes = &user;
    options.attribute_count = 1;
    options.links = &link;
    options.link_count = 1;
    asked.answer = TRACER_DECISION_RECORD_AND_SAMPLE;
    tracer_span_end(tracer_span_start(scope, "call", &options));
    CHECK_TEXT(asked.seen, "call 3 parent=" SPAN " user=ada link=" SPAN);
    const tracer_span_view *span = tracer_capture_span(capture, 0);
    CHECK(span && span->attribute_count == 2 && span->link_count == 1);
    CHECK_TEXT(span->attributes[0].key, "user");
    CHECK_TEXT(span->attributes[1].key, "sampled.by");
    CHECK_INT(span->links[0]->attribute_count, 1);
    CHECK_TEXT(span->trace_state, "own=1");
    asked.answer = TRACER_DECISION_DROP;
    tracer_span dropped = below("dropped", NULL, NULL);
    CHECK(tracer_span_view_new(dropped) == NULL);
    CHECK(!is_sampled(dropped));
    CHECK_TEXT(asked.seen, "dropped 1 parent=0000000000000000 user= link=");
    asked.answer = 4711;
    CHECK(!is_sampled(below("nonsense", NULL, NULL)));
    asked.answer = TRACER_DECISION_RECORD_ONLY;
    tracer_span only = below("for processors", NULL, NULL);
    CHECK(tracer_span_is_recording(only) && !is_sampled(only));
    CHECK_INT(tracer_capture_count(capture), 1);
    CHECK_INT(asked.destroyed, 0);
    tracer_context_free(other);
}

static void a_sampler_of_roots_leaves_children_to_their_parents(void) {
    static asked asked;
    tracer_sampler_callbacks callbacks = sampler(&asked);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler_callbacks(config, &callbacks, true), TRACER_OK);
    use(config);
    tracer_context *on = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", NULL);
    CHECK(is_sampled(below("child", on, NULL)));
    CHECK_TEXT(asked.seen, "");
    CHECK(!is_sampled(below("root", NULL, NULL)));
    CHECK(strncmp(asked.seen, "root ", 5) == 0);
    tracer_context_free(on);
}

/* Keeps everything below vips, half of what is billed, and nothing else. */
static double share(void *data, const tracer_sampling_input *in, tracer_sampling_output *out) {
    asked *asked = data;
    tracer_attribute added = text_attribute("shared.by", "me");
    tracer_sampling_output_set_attributes(out, &added, 1);
    tracer_sampling_output_set_tracestate(out, "own=1"); /* is not taken */
    snprintf(asked->seen, sizeof asked->seen, "%s", in->name);
    tracer_sampling_output_set_adjusted_count_reliable(out, strcmp(in->name, "guess") != 0);
    bool half = strcmp(in->name, "bill") == 0 || strcmp(in->name, "guess") == 0;
    return strcmp(in->name, "vip") == 0 ? 1 : half ? 0.5 : -1;
}

static void a_share_that_does_not_count_is_drawn_for_each_span(void) {
    static asked asked;
    tracer_sampler_callbacks callbacks = sampler(&asked);
    callbacks.sample = NULL;
    callbacks.share = share;
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler_callbacks(config, &callbacks, false), TRACER_OK);
    use(config);
    tracer_context *on = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", NULL);
    bool of_the_trace = is_sampled(below("bill", on, NULL));
    int kept = 0;
    for (int i = 0; i < 1000; i++) {
        CHECK(is_sampled(below("bill", on, NULL)) == of_the_trace);
        kept += is_sampled(below("guess", on, NULL));
    }
    CHECK(kept > 350 && kept < 650);
    CHECK_TEXT(tracer_capture_find_span(capture, "guess")->trace_state, "");
    tracer_sampling_output_set_adjusted_count_reliable(NULL, true);
    tracer_context_free(on);
}

static void a_share_of_the_programs_own_travels_in_the_trace_state(void) {
    static asked asked, unused;
    tracer_sampler_callbacks callbacks = sampler(&asked);
    callbacks.sample = NULL;
    callbacks.share = share;
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler_callbacks(config, &callbacks, true), TRACER_OK);
    use(config);
    CHECK(is_sampled(below("vip", NULL, NULL)));
    CHECK_TEXT(tracer_capture_span(capture, 0)->trace_state, "ot=th:0");
    CHECK_TEXT(tracer_capture_span(capture, 0)->attributes[0].key, "shared.by");
    CHECK(!is_sampled(below("other", NULL, NULL)));
    int kept = 0;
    for (int i = 0; i < 1000; i++) {
        kept += is_sampled(below("bill", NULL, NULL));
    }
    CHECK(kept > 350 && kept < 650);
    CHECK_TEXT(tracer_capture_find_span(capture, "bill")->trace_state, "ot=th:8");
    tracer_context *on = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", NULL);
    CHECK(is_sampled(below("child", on, NULL)));
    CHECK_TEXT(asked.seen, "bill");

    config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler_callbacks(config, &callbacks, false), TRACER_OK);
    use(config);
    CHECK(!is_sampled(below("child", on, NULL))); /* asked for all */
    CHECK_TEXT(asked.seen, "child");
    tracer_context_free(on);

    callbacks.user_data = &unused;
    callbacks.struct_size = offsetof(tracer_sampler_callbacks, share); /* of an older header */
    config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler_callbacks(config, &callbacks, false), TRACER_INVALID_ARGUMENT);
    tracer_config_free(config);
    CHECK_INT(unused.destroyed, 0);
}

static void each_kind_of_parent_can_have_a_sampler_of_the_programs_own(void) {
    static asked asked[4];
    tracer_sampler_callbacks callbacks = sampler(asked);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_ALWAYS_ON, 0), TRACER_OK);
    CHECK_INT(tracer_config_set_parent_sampler_callbacks(config, TRACER_PARENT_REMOTE_SAMPLED, &callbacks),
              TRACER_INVALID_ARGUMENT); /* which looks at no parent */
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_PARENT_ALWAYS_ON, 0), TRACER_OK);
    CHECK_INT(tracer_config_set_parent_sampler_callbacks(config, 4, &callbacks), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_parent_sampler_callbacks(config, 0, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_parent_sampler_callbacks(NULL, 0, &callbacks), TRACER_INVALID_ARGUMENT);
    CHECK_INT(asked[0].destroyed, 0); /* what is refused is not held */
    for (tracer_parent kind = 0; kind < 4; kind++) {
        callbacks.user_data = &asked[kind];
        CHECK_INT(tracer_config_set_parent_sampler_callbacks(config, kind, &callbacks), TRACER_OK);
    }
    use(config);
    tracer_span root = below("root", NULL, NULL);
    tracer_context *sampled = tracer_span_context(root);
    tracer_context *on = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", NULL);
    tracer_context *off = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-00", NULL);
    tracer_span dropped = below("off", off, NULL);
    tracer_context *quiet = tracer_span_context(dropped);
    CHECK(is_sampled(root) && !is_sampled(dropped));
    CHECK(!is_sampled(below("on", on, NULL)));
    CHECK(!is_sampled(below("sampled", sampled, NULL)));
    asked[TRACER_PARENT_LOCAL_NOT_SAMPLED].answer = TRACER_DECISION_RECORD_AND_SAMPLE;
    CHECK(is_sampled(below("quiet", quiet, NULL)));
    CHECK(strncmp(asked[TRACER_PARENT_REMOTE_SAMPLED].seen, "on ", 3) == 0);
    CHECK(strncmp(asked[TRACER_PARENT_REMOTE_NOT_SAMPLED].seen, "off ", 4) == 0);
    CHECK(strncmp(asked[TRACER_PARENT_LOCAL_SAMPLED].seen, "sampled ", 8) == 0);
    CHECK(strncmp(asked[TRACER_PARENT_LOCAL_NOT_SAMPLED].seen, "quiet ", 6) == 0);
    tracer_context_free(sampled);
    tracer_context_free(on);
    tracer_context_free(off);
    tracer_context_free(quiet);
}

static void a_sampler_that_is_not_used_is_given_back(void) {
    asked asked = {0};
    tracer_sampler_callbacks callbacks = sampler(&asked);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler_callbacks(config, &callbacks, false), TRACER_OK);
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_ALWAYS_ON, 0), TRACER_OK);
    CHECK_INT(asked.destroyed, 1);
    CHECK_INT(tracer_config_set_sampler_callbacks(config, NULL, false), TRACER_INVALID_ARGUMENT);
    callbacks.sample = NULL;
    CHECK_INT(tracer_config_set_sampler_callbacks(config, &callbacks, false), TRACER_INVALID_ARGUMENT);
    tracer_config_free(config);
    CHECK_INT(asked.destroyed, 1);
}

static void rules_choose_by_name_kind_and_attribute(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_sampling_rule(config, "GET /health*", 0, NULL, NULL, 0), TRACER_OK);
    CHECK_INT(tracer_config_add_sampling_rule(config, NULL, 0, "tenant", "vip", 1), TRACER_OK);
    CHECK_INT(tracer_config_add_sampling_rule(config, NULL, TRACER_KIND_SERVER, NULL, NULL, 1), TRACER_OK);
    CHECK_INT(tracer_config_add_sampling_rule(config, "exact", 0, NULL, NULL, 1), TRACER_OK);
    CHECK_INT(tracer_config_add_sampling_rule(config, NULL, 0, "any", NULL, 1), TRACER_OK);
    CHECK_INT(tracer_config_add_sampling_rule(config, NULL, 0, NULL, NULL, 2), TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_PARENT_RULES, 0), TRACER_OK);
    use(config);
    tracer_attribute vip = text_attribute("tenant", "vip"), other = text_attribute("tenant", "x");
    tracer_attribute any = text_attribute("any", "");
    CHECK(!is_sampled(below("GET /health/live", NULL, &vip)));
    CHECK(is_sampled(below("work", NULL, &vip)));
    CHECK(!is_sampled(below("work", NULL, &other)));
    CHECK(is_sampled(below("work", NULL, &any)));
    CHECK(is_sampled(below("exact", NULL, NULL)) && !is_sampled(below("exactly", NULL, NULL)));
    tracer_span_options server = TRACER_SPAN_OPTIONS_INIT;
    server.kind = TRACER_KIND_SERVER;
    CHECK(is_sampled(tracer_span_start(scope, "serve", &server)));
    tracer_context *on = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", NULL);
    CHECK(is_sampled(below("GET /health", on, NULL))); /* a child */
    tracer_context_free(on);
}

static void a_probability_travels_in_the_trace_state(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_PARENT_PROBABILITY, 1.5), TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_PARENT_PROBABILITY, 0.5), TRACER_OK);
    use(config);
    int kept = 0;
    for (int i = 0; i < 1000; i++) {
        kept += is_sampled(below("half", NULL, NULL));
    }
    CHECK(kept > 350 && kept < 650);
    CHECK_TEXT(tracer_capture_span(capture, 0)->trace_state, "ot=th:8");
    config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_PROBABILITY, 0), TRACER_OK);
    use(config);
    CHECK(!is_sampled(below("none", NULL, NULL)));
}

static int ends;
static void count_end(void *data, const tracer_ended_span *ended) {
    (void)data;
    ends += !tracer_ended_span_is_sampled(ended);
}

static void what_is_not_sampled_can_be_recorded_for_processors(void) {
    tracer_processor_callbacks callbacks = TRACER_PROCESSOR_CALLBACKS_INIT;
    callbacks.on_end = count_end;
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_processor(config, &callbacks), TRACER_OK);
    CHECK_INT(tracer_config_set_record_unsampled(config, true), TRACER_OK);
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_ALWAYS_OFF, 0), TRACER_OK);
    use(config);
    CHECK(!is_sampled(below("recorded", NULL, NULL)));
    CHECK_INT(ends, 1);
    CHECK_INT(tracer_config_set_record_unsampled(NULL, true), TRACER_INVALID_ARGUMENT);
}

static void count_up(void *data, uint8_t *out, size_t len) { out[len - 1] = (uint8_t)++*(int *)data; }
static uint64_t tick(void *data) { return *(uint64_t *)data += 1000; }

static void ids_and_times_can_be_the_programs_own(void) {
    static int last;
    static uint64_t now;
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_id_generator(config, count_up, false, &last), TRACER_OK);
    CHECK_INT(tracer_config_set_clock(config, tick, &now), TRACER_OK);
    use(config);
    tracer_span span = below("first", NULL, NULL);
    tracer_span_add_event(span, "event", NULL, 0);
    tracer_span_end(span);
    const tracer_span_view *seen = tracer_capture_span(capture, 0);
    CHECK_TEXT(seen->trace_id_hex, "00000000000000000000000000000001");
    CHECK_TEXT(seen->span_id_hex, "0000000000000002");
    CHECK_INT(seen->trace_flags, 1); /* not random */
    CHECK(seen->start_unix_ns == 1000 && seen->events[0]->unix_ns == 2000 && seen->end_unix_ns == 3000);
    config = tracer_config_new();
    CHECK_INT(tracer_config_set_id_generator(config, NULL, false, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_clock(config, NULL, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_clock(NULL, tick, &now), TRACER_INVALID_ARGUMENT);
    tracer_config_free(config);
}

static bool quiet(void *data, const char *name, const char *version) {
    return strcmp(name, data) != 0 || strcmp(version, "1") != 0;
}

static void scopes_can_be_switched_off(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_scope_filter(config, NULL, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_scope_filter(config, quiet, (void *)(uintptr_t) "noisy"), TRACER_OK);
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    tracer_scope *noisy = tracer_scope_new(provider, "noisy", "1", NULL);
    tracer_scope *newer = tracer_scope_new(provider, "noisy", "2", NULL);
    CHECK(!tracer_scope_is_enabled(noisy) && tracer_scope_is_enabled(newer));
    tracer_span off = tracer_span_start(noisy, "off", NULL), on = tracer_span_start(newer, "on", NULL);
    CHECK(!tracer_span_is_recording(off) && tracer_span_is_recording(on));
    tracer_span_end(off);
    tracer_span_end(on);
    tracer_scope_free(noisy);
    tracer_scope_free(newer);
    CHECK_INT(tracer_provider_shutdown(provider, 1000), TRACER_OK);
    tracer_provider_free(provider);
}

int main(void) {
    capture = tracer_capture_new();
    RUN(a_sampler_sees_all_of_the_start_and_adds_to_it);
    RUN(a_sampler_of_roots_leaves_children_to_their_parents);
    RUN(a_share_of_the_programs_own_travels_in_the_trace_state);
    RUN(a_share_that_does_not_count_is_drawn_for_each_span);
    RUN(each_kind_of_parent_can_have_a_sampler_of_the_programs_own);
    RUN(a_sampler_that_is_not_used_is_given_back);
    RUN(rules_choose_by_name_kind_and_attribute);
    RUN(a_probability_travels_in_the_trace_state);
    RUN(what_is_not_sampled_can_be_recorded_for_processors);
    RUN(ids_and_times_can_be_the_programs_own);
    RUN(scopes_can_be_switched_off);
    tracer_scope_free(scope);
    tracer_capture_free(capture);
    return finish();
}
