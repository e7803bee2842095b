/* trace_in_app: which frames are one's own code by configuration. */
#include "tests/unit/unit.h"

#include "core/trace_in_app.h"

static const struct {
    const char *module, *file, *function;
    bool grammar, want;
} frames[] = {
    {"com.acme.Cart", "Cart.java", "load", false, true},
    {"com.acme", "", "load", false, true},
    {"com.acmetools.Cart", "Cart.java", "load", false, false},
    {"com.acme.generated.Cart", "Cart.java", "load", true, false},
    {"com.acme.generatedcode.Cart", "Cart.java", "load", false, true},
    {"com.acme.generated.hand.Cart", "Cart.java", "load", false, true},
    {"com.acme$Cart", "", "load", false, true},
    {"org.other.Cart", "Cart.java", "load", true, true},
    {"org.other.Cart", "Cart.java", "load", false, false},
    {"", "/srv/app/cart.py", "load", false, true},
    {"", "/srv/app/vendor/lib.php", "load", true, false},
    {"", "/srv/app-old/cart.py", "load", false, false},
    {"", "/srv/app.old/cart.py", "load", false, false},
    {"", "file:///srv/app/cart.mjs", "load", false, true},
    {"", "C:\\srv\\shop\\Cart.cs", "Load", false, true},
    {"", "/usr/lib/x.rs", "acme::cart::load", false, true},
    {"", "/usr/lib/x.rs", "acme", false, false},
    {"", "/usr/lib/x.php", "Acme\\Cart->load", false, true},
    {"", "lib/cart.rb", "load", false, true},
    {"", "./lib/cart.rb", "load", false, true},
};

START_TEST(in_app)
{
    const struct slice entries[] = {SLICE("com.acme"), SLICE("-com.acme.generated"), SLICE("com.acme.generated.hand"),
                                    SLICE("/srv/app"), SLICE("-/srv/app/vendor/"),   SLICE("C:/srv/shop"),
                                    SLICE("acme"),     SLICE("Acme\\Cart"),          SLICE("lib"),
                                    SLICE("")};
    const struct trace_frame f = {.module = slice_str(frames[_i].module),
                                  .file = slice_str(frames[_i].file),
                                  .function = slice_str(frames[_i].function)};
    ck_assert_msg(trace_in_app_frame(&f, entries, sizeof entries / sizeof *entries, frames[_i].grammar) ==
                      frames[_i].want,
                  "%s %s %s", frames[_i].module, frames[_i].file, frames[_i].function);
}
END_TEST

START_TEST(in_app_of_all)
{
    const struct slice entries[] = {SLICE("org.springframework"), SLICE("-com.acme")};
    struct trace_frame of_exception[] = {{.module = SLICE("org.springframework.web.Filter")},
                                         {.module = SLICE("com.acme.Cart"), .in_app = true}};
    struct trace_frame of_thread = {.module = SLICE("com.acme.X"), .in_app = true};
    struct trace_exception e = {.frames = {.v = of_exception, .n = 2}};
    struct trace_thread thread = {.frames = {.v = &of_thread, .n = 1}};
    struct trace t = {.exceptions = &e, .n_exceptions = 1, .threads = &thread, .n_threads = 1};
    trace_in_app(&t, entries, 0);
    ck_assert(!of_exception[0].in_app && of_exception[1].in_app && of_thread.in_app);
    trace_in_app(&t, entries, 2);
    ck_assert(of_exception[0].in_app && !of_exception[1].in_app && !of_thread.in_app);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trace_in_app");
    TCase *tc = tcase_create("all");
    tcase_add_loop_test(tc, in_app, 0, sizeof frames / sizeof *frames);
    tcase_add_test(tc, in_app_of_all);
    suite_add_tcase(s, tc);
    return unit_run(s);
}
