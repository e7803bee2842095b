/* status_inputs: the part of status.h that is of inputs, as metrics and on the page. */
#include <inttypes.h>

#include "app/html_text.h"
#include "app/prom_text.h"
#include "app/show.h"
#include "app/status.h"

enum { INPUT_MAX = 200 };

/* Whether the kernel drops what this input's socket has no room for. */
static bool kernel_may_drop(const struct input_options *input)
{
    return input_listens(input) && input->transport == INPUT_UDP;
}

static bool follows_files(const struct input_options *input)
{
    return input_traits[input->kind].follows_files;
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

static uint64_t status_unreadable(const struct status *s, unsigned i)
{
    return s->states[i].unreadable;
}

static uint64_t status_overflow(const struct status *s, unsigned i)
{
    return s->states[i].overflow;
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
     "took nothing",
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

/* --- the page --- */

static void put(struct sbuf *out, const char *markup)
{
    sbuf_adds(out, slice_str(markup));
}

static void put_age(const struct status *s, int64_t us, struct sbuf *out)
{
    char age[SHOW_SMALL];
    put(out, show_span(s->now_us - us, age));
}

/* How much comes, and how far it has been read. */
static void put_progress(const struct status *s, unsigned i, struct sbuf *out)
{
    const struct input_state *state = &s->states[i];
    char size[SHOW_SMALL];
    put(out, " <span class=\"dim\">");
    if (follows_files(&s->inputs[i]))
        sbuf_addf(out, "%u %s, ", state->files, state->files == 1 ? "file" : "files");
    sbuf_addf(out, "%" PRIu64 " lines", state->lines);
    if (state->last_line_us) {
        put(out, ", the last ");
        put_age(s, state->last_line_us, out);
        put(out, " ago");
    }
    if (state->behind_bytes)
        sbuf_addf(out, ", %s behind", show_size(state->behind_bytes, size));
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
    put_warning(state->overflow, "events dropped for want of room in the store", out);
}

static void put_trouble(const struct status *s, unsigned i, struct sbuf *out)
{
    const struct input_state *state = &s->states[i];
    if (!state->runs)
        put(out, " <span class=\"no\">not open</span>");
    else if (s->inputs[i].awaited && !state->files)
        put(out, " <span class=\"dim\">not there yet</span>");
    else if (follows_files(&s->inputs[i]) && !state->files)
        put(out, " <span class=\"warning\">finds no file</span>");
    put_warning(state->unreadable, "unreadable", out);
    if (!state->trouble.us)
        return;
    put(out, "<br><span class=\"dim\">");
    put_age(s, state->trouble.us, out);
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
