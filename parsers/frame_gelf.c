/* frame_gelf: GELF over a stream: objects that NUL ends, as the specification has it, or LF where one is whole. */
#include "parsers/frame_piece.h"

void framer_json_run(struct framer *c, size_t to)
{
    for (; c->json.at < to; c->json.at++) {
        char b = c->p[c->json.at];
        if (c->json.state == FRAME_JSON_NONE) {
            c->json.at = to;
            return;
        }
        if (c->json.state == FRAME_JSON_START) {
            c->json.state = b == '{' ? FRAME_JSON_INSIDE : FRAME_JSON_NONE;
            c->json.depth = 1;
        } else if (c->json.state == FRAME_JSON_WHOLE) {
            if (!ascii_space(b))
                c->json.state = FRAME_JSON_NONE;
        } else if (c->json.in_string) {
            if (c->json.escaped)
                c->json.escaped = false;
            else if (b == '\\')
                c->json.escaped = true;
            else if (b == '"')
                c->json.in_string = false;
        } else if (b == '"') {
            c->json.in_string = true;
        } else if (b == '{' || b == '[') {
            c->json.depth++;
        } else if ((b == '}' || b == ']') && --c->json.depth == 0) {
            c->json.state = FRAME_JSON_WHOLE;
        }
    }
}

bool framer_next_gelf(struct framer *c, struct message *out)
{
    piece_skip_padding(c);
    while (c->at < c->n) {
        const char *hit = piece_find_either(c->p + c->at, c->p + c->n, '\n', '\0');
        size_t to = hit ? (size_t)(hit - c->p) : c->n;
        piece_take(c, to);
        if (!hit)
            return false;
        /* Only an LF asks what the bytes before it are, so a client that ends its frames with NUL does not
         * pay for it. */
        if (*hit == '\n') {
            framer_json_run(c, to);
            if (c->json.state != FRAME_JSON_WHOLE) {
                piece_take(c, to + 1);
                continue;
            }
        }
        piece_skip(c, 1);
        piece_yield_trimmed(c, out);
        return true;
    }
    return false;
}
