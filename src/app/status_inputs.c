/* status_inputs: the part of status.h that is of inputs, as metrics and on the page. */
#include <inttypes.h>

#include "app/html_text.h"
#include "app/page_html.h"
#include "app/prom_text.h"
#include "app/show.h"
#include "app/status.h"

enum {
    INPUT_MAX = 200,
    INPUT_BEHIND_BYTES = 64 << 10, /* more than is read in one turn */
    INPUT_BEHIND_MESSAGES = 10000, /* of Kafka, in all partitions */
};

/* Whether the kernel drops what this input's socket has no room for. */
static bool kernel_may_drop(const struct input_options *input)
{
    return input_listens(input) && input->transport == INPUT_UDP;
}

static bool follows_files(const struct input_options *input)
{
    return input_traits[input->kind].follows_files;
}

static bool is_member(const struct input_options *input)
{
    return input->kind == INPUT_KAFKA || input->kind == INPUT_REDIS;
}

/* Turns that held up all others: those counted, and the one under way when it is over the budget: it may never be
 * counted. */
static uint64_t slow_turns(const struct status *s, unsigned input)
{
    bool now = s->turn && s->turn->input == (int)input && s->turn->took_us >= TURN_BUDGET_US;
    return s->states[input].slow_turns + now;
}

/* --- metrics --- */

static uint64_t status_up(const struct status *s, unsigned i)
{
    return s->states[i].runs;
}

static uint64_t status_lines(const struct status *s, unsigned i)
{
    return s->states[i].lines;
}

static uint64_t status_last_line(const struct status *s, unsigned i)
{
    return (uint64_t)s->states[i].last_line_us;
}

static uint64_t status_last_error(const struct status *s, unsigned i)
{
    return (uint64_t)s->states[i].trouble.us;
}

static uint64_t status_kernel_drops(const struct status *s, unsigned i)
{
    return s->states[i].kernel_drops;
}

static uint64_t status_files(const struct status *s, unsigned i)
{
    return s->states[i].files;
}

static uint64_t status_behind(const struct status *s, unsigned i)
{
    return s->states[i].behind_bytes;
}

static uint64_t status_partitions(const struct status *s, unsigned i)
{
    return s->states[i].partitions;
}

static uint64_t status_lag(const struct status *s, unsigned i)
{
    return s->states[i].lag;
}

static uint64_t status_unreadable(const struct status *s, unsigned i)
{
    return s->states[i].unreadable;
}

static uint64_t status_overflow(const struct status *s, unsigned i)
{
    return s->states[i].overflow + (s->evicted ? s->evicted[i] : 0);
}

static uint64_t status_without_room(const struct status *s, unsigned i)
{
    return s->states[i].no_room;
}

static uint64_t status_silent(const struct status *s, unsigned i)
{
    return i < s->watch->n_inputs && s->watch->inputs[i].trouble.on;
}

static const struct family {
    const char *name, *end, *type, *help;
    uint64_t (*value)(const struct status *s, unsigned input);
    bool (*of)(const struct input_options *input); /* NULL: of all */
    bool seconds;                                  /* the value is microseconds */
} families[] = {
    {"input_up", "", "gauge", "1 while this input is open", status_up, NULL, false},
    {"input_silent", "", "gauge",
     "1 while this input, which has been heard, says nothing for longer than health.silent", status_silent, NULL,
     false},
    {"input_lines", "_total", "counter", "lines and messages that the framing of this input yielded", status_lines,
     NULL, false},
    {"input_last_line_timestamp_seconds", "", "gauge", "when the last of them came, 0 when none has", status_last_line,
     NULL, true},
    {"input_last_error_timestamp_seconds", "", "gauge",
     "when something went wrong with this input last, 0 when nothing has; the status page and the log say what",
     status_last_error, NULL, true},
    {"input_files", "", "gauge", "files that this tail leads to", status_files, follows_files, false},
    {"input_behind_bytes", "", "gauge", "bytes in these files that have not been read", status_behind, follows_files,
     false},
    {"input_partitions", "", "gauge", "partitions of Kafka, or streams of Redis, that this member of its group reads",
     status_partitions, is_member, false},
    {"input_lag_messages", "", "gauge", "messages in these that have not been judged", status_lag, is_member, false},
    {"input_unreadable", "", "gauge",
     "files and folders that a tail leads to and that cannot or must not be read: crumbd's log names each",
     status_unreadable, follows_files, false},
    {"input_kernel_drops", "_total", "counter",
     "datagrams for which the receive buffer of this socket had no room (raise receive_buffer)", status_kernel_drops,
     kernel_may_drop, false},
    {"input_slow_turns", "_total", "counter",
     "turns of this input that held up the reading of all others for more than a second", slow_turns, NULL, false},
    {"input_dropped_events", "_total", "counter",
     "events of this input dropped because its share of the store, or that of their project, was used up, or the store "
     "took nothing, and repeats of it that made room there",
     status_overflow, NULL, false},
    {"input_without_room", "", "gauge", "1 while this input has used up its share of the store", status_without_room,
     NULL, false},
};

static void put_sample(const struct status *s, const struct family *f, unsigned i, struct sbuf *out)
{
    sbuf_addf(out, "crumbd_%s%s{input=\"", f->name, f->end);
    prom_text_label(out, slice_str(s->inputs[i].text));
    if (f->of != follows_files) /* two inputs may both ask for port 0 */
        sbuf_addf(out, "\",port=\"%u", s->states[i].port);
    sbuf_adds(out, SLICE("\"} "));
    if (f->seconds)
        prom_text_seconds(out, (int64_t)f->value(s, i));
    else
        sbuf_addf(out, "%" PRIu64 "\n", f->value(s, i));
}

void status_input_metrics(const struct status *s, struct sbuf *out)
{
    for (size_t k = 0; k < sizeof families / sizeof *families; k++) {
        prom_text_head(out, families[k].name, families[k].end, families[k].type, families[k].help);
        for (unsigned i = 0; i < s->n_inputs; i++)
            if (!families[k].of || families[k].of(&s->inputs[i]))
                put_sample(s, &families[k], i, out);
    }
    prom_text_head(out, "worker_turn_seconds", "", "gauge",
                   "how long the thread that reads has been in its present turn");
    int64_t ms = s->turn ? s->turn->took_us / 1000 : 0;
    sbuf_addf(out, "crumbd_worker_turn_seconds %" PRId64 ".%03" PRId64 "\n", ms / 1000, ms % 1000);
}

/* --- JSON --- */

/* The worst that is known of it. */
static const char *state_of(const struct status *s, unsigned i)
{
    const struct input_state *state = &s->states[i];
    bool files = follows_files(&s->inputs[i]);
    return !state->runs                                       ? "closed"
           : state->unreadable                                ? "unreadable"
           : files && !state->files && !s->inputs[i].awaited  ? "no-file"
           : state->no_room                                   ? "no-room"
           : status_silent(s, i)                              ? "silent"
           : state->behind_bytes > INPUT_BEHIND_BYTES         ? "behind"
           : state->lag > INPUT_BEHIND_MESSAGES               ? "behind"
           : (files || s->inputs[i].awaited) && !state->files ? "awaited"
                                                              : "reading";
}

static void put_json_number(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_int(j, (int64_t)v);
}

static void put_json_time(struct json *j, const char *key, int64_t us)
{
    json_key(j, key);
    if (us)
        json_time(j, us);
    else
        json_raw(j, SLICE("null"));
}

static void put_json_error(struct json *j, const struct input_trouble *t)
{
    json_key(j, "error");
    if (!t->us) {
        json_raw(j, SLICE("null"));
        return;
    }
    json_map(j);
    put_json_time(j, "time", t->us);
    json_key(j, "text");
    json_str(j, slice_str(t->text));
    json_map_end(j);
}

static void put_input(const struct status *s, unsigned i, struct json *j)
{
    const struct input_state *state = &s->states[i];
    json_map(j);
    json_key(j, "input");
    json_str(j, slice_str(s->inputs[i].text));
    json_key(j, "kind");
    json_str(j, slice_str(input_names[s->inputs[i].kind]));
    json_key(j, "state");
    json_str(j, slice_str(state_of(s, i)));
    put_json_number(j, "port", state->port);
    put_json_number(j, "files", state->files);
    put_json_number(j, "unreadable", state->unreadable);
    put_json_number(j, "behind", state->behind_bytes);
    if (is_member(&s->inputs[i])) {
        put_json_number(j, "partitions", state->partitions);
        put_json_number(j, "lag", state->lag);
    }
    put_json_number(j, "lines", state->lines);
    put_json_time(j, "last_line", state->last_line_us);
    put_json_number(j, "kernel_drops", state->kernel_drops);
    put_json_number(j, "dropped_events", status_overflow(s, i));
    put_json_number(j, "slow_turns", slow_turns(s, i));
    put_json_error(j, &state->trouble);
    json_map_end(j);
}

void status_inputs(const struct status *s, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    json_key(&j, "inputs");
    json_array(&j);
    for (unsigned i = 0; i < s->n_inputs; i++)
        put_input(s, i, &j);
    json_array_end(&j);
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(out, '\n');
}

/* --- the page --- */

static void put(struct sbuf *out, const char *markup)
{
    sbuf_adds(out, slice_str(markup));
}

/* How much comes, and how far it has been read. */
static void put_progress(const struct status *s, unsigned i, struct sbuf *out)
{
    const struct input_state *state = &s->states[i];
    char size[SHOW_SMALL];
    put(out, " <span class=\"dim\">");
    if (follows_files(&s->inputs[i]))
        sbuf_addf(out, "%u %s, ", state->files, state->files == 1 ? "file" : "files");
    if (is_member(&s->inputs[i]))
        sbuf_addf(out, "%u %s, ", state->partitions, state->partitions == 1 ? "partition" : "partitions");
    sbuf_addf(out, "%" PRIu64 " %s", state->lines, state->lines == 1 ? "line" : "lines");
    if (state->last_line_us) {
        put(out, ", the last ");
        page_html_age(s->now_us, state->last_line_us, out);
        put(out, " ago");
    }
    if (state->behind_bytes)
        sbuf_addf(out, ", %s behind", show_size(state->behind_bytes, size));
    if (state->lag)
        sbuf_addf(out, ", %" PRIu64 " messages behind", state->lag);
    put(out, "</span>");
}

static void put_warning(uint64_t n, const char *what, struct sbuf *out)
{
    if (n)
        sbuf_addf(out, " <span class=\"warning\">%" PRIu64 " %s</span>", n, what);
}

static void put_losses(const struct status *s, unsigned i, struct sbuf *out)
{
    const struct input_state *state = &s->states[i];
    if (kernel_may_drop(&s->inputs[i]))
        sbuf_addf(out, " <span class=\"%s\">%" PRIu64 " dropped by the kernel</span>",
                  state->kernel_drops ? "warning" : "dim", state->kernel_drops);
    if (slow_turns(s, i))
        sbuf_addf(out, " <span class=\"warning\">held up all others %" PRIu64 " times</span>", slow_turns(s, i));
    if (state->no_room)
        put(out, " <span class=\"warning\">its share of the store is used up</span>");
    if (status_silent(s, i))
        put(out, " <span class=\"warning\">has gone silent</span>");
    put_warning(status_overflow(s, i), "events dropped for want of room in the store", out);
}

static void put_trouble(const struct status *s, unsigned i, struct sbuf *out)
{
    const struct input_state *state = &s->states[i];
    if (!state->runs)
        put(out, " <span class=\"bad\">not open</span>");
    else if (s->inputs[i].awaited && !state->files)
        put(out, " <span class=\"dim\">not there yet</span>");
    else if (follows_files(&s->inputs[i]) && !state->files && !state->unreadable)
        put(out, " <span class=\"warning\">finds no file</span>");
    put_warning(state->unreadable, "unreadable", out);
    if (!state->trouble.us)
        return;
    put(out, "<br><span class=\"dim\">");
    page_html_age(s->now_us, state->trouble.us, out);
    put(out, " ago: ");
    html_text(out, slice_str(state->trouble.text), INPUT_ERROR_MAX);
    put(out, "</span>");
}

void status_inputs_page(const struct status *s, struct sbuf *out)
{
    put(out, "<h2>Inputs</h2>\n<dl>");
    for (unsigned i = 0; i < s->n_inputs; i++) {
        sbuf_addf(out, "<dt>%s</dt><dd>", input_names[s->inputs[i].kind]);
        html_text(out, slice_str(s->inputs[i].text), INPUT_MAX);
        put_progress(s, i, out);
        put_losses(s, i, out);
        put_trouble(s, i, out);
        put(out, "</dd>\n");
    }
    put(out, s->n_inputs ? "</dl>\n" : "</dl>\n<p class=\"dim\">none</p>\n");
}
