/*
 * The reassembler under small caps. The input is a program: each step is one byte of sender and time, then
 * one of length, then a datagram, mostly with a valid head. Caps hold after every step, what comes out is no
 * longer than a message may be, and when time has passed nothing is left.
 */
#include "tests/fuzz/fuzz.h"

#include "parsers/gelf_chunk.h"

static unsigned lost;

static void on_lost(void *u, enum gelf_chunk_loss why, struct slice sender, unsigned have, unsigned count)
{
    (void)u;
    (void)why;
    assert(sender.n > 0 && have < count && count <= GELF_CHUNKS_MAX);
    lost++;
}

int fuzz_target(const uint8_t *data, size_t n)
{
    const struct gelf_chunk_caps caps = {.sets = 12,
                                         .sets_per_sender = 5,
                                         .bytes = 20000,
                                         .bytes_per_sender = 9000,
                                         .message_bytes = 300,
                                         .timeout_us = 50,
                                         .seed = 7};
    struct gelf_chunks *c = gelf_chunks_new(&caps, on_lost, NULL);
    struct counts counts = {0};
    int64_t now_us = 0;
    uint64_t whole = 0;
    lost = 0;
    for (size_t i = 0; i + 2 <= n;) {
        char sender = (char)('a' + (data[i] & 3)), datagram[2 + 255];
        now_us += data[i] >> 2;
        size_t len = data[i + 1] < n - i - 2 ? data[i + 1] : n - i - 2;
        memcpy(datagram, "\x1e\x0f", 2);
        memcpy(datagram + 2, data + i + 2, len);
        i += 2 + len;
        struct slice payload;
        if (gelf_chunks_add(c, slice_of(&sender, 1), slice_of(datagram, 2 + len), now_us, &counts, &payload)) {
            assert(payload.n <= caps.message_bytes);
            whole++;
        }
        assert(gelf_chunks_bytes(c) <= caps.bytes && gelf_chunks_waiting(c) <= caps.sets);
    }
    gelf_chunks_expire(c, now_us + caps.timeout_us, &counts);
    assert(gelf_chunks_bytes(c) == 0 && gelf_chunks_waiting(c) == 0);
    assert(lost ==
           counts.v[COUNT_gelf_sets_expired] + counts.v[COUNT_gelf_sets_evicted] + counts.v[COUNT_gelf_sets_oversize]);
    assert(counts.v[COUNT_gelf_chunks] >= whole + lost + counts.v[COUNT_gelf_chunks_bad] +
                                              counts.v[COUNT_gelf_chunks_duplicate] +
                                              counts.v[COUNT_gelf_chunks_mismatch]);
    gelf_chunks_free(c);
    return 0;
}
