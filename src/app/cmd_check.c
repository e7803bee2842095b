/* crumbd check: the configuration, and every rule with its samples and patterns. */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/confine.h"
#include "app/rules.h"
#include "app/settings.h"
#include "core/rule_check.h"
#include "core/rule_keys.h"
#include "core/scrub.h"
#include "text/keys.h"

static int print_schema(const char *kind)
{
    struct sbuf out;
    sbuf_init(&out, 1 << 20);
    if (strcmp(kind, "config") == 0)
        keys_schema(&settings_table, "crumbd.yaml", &out);
    else if (strcmp(kind, "rules") == 0)
        keys_schema(&rule_pack_table, "crumbd rules", &out);
    else
        return command_usage("check", "--schema takes config or rules, not \"%s\"", kind);
    fwrite(out.p, 1, out.n, stdout);
    sbuf_free(&out);
    return EXIT_WELL;
}

/* As comments, so that the whole is still a configuration. */
static void print_sandbox(const struct settings *s)
{
    struct sandbox *box = confine_new(s, s->inputs, s->n_inputs, s->store);
    struct sbuf out;
    sbuf_init(&out, 1 << 20);
    sbuf_addf(&out, "# The sandbox%s, crumbd-security(7).\n", s->sandbox ? "" : ", which is off");
    sandbox_print(box, "# ", &out);
    fwrite(out.p, 1, out.n, stdout);
    sbuf_free(&out);
    sandbox_free(box);
}

int cmd_check(int argc, char **argv)
{
    const char *config = NULL;
    bool dump = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            config = argv[++i];
        else if (strcmp(argv[i], "--dump") == 0)
            dump = true;
        else if (strcmp(argv[i], "--schema") == 0 && i + 1 < argc)
            return print_schema(argv[i + 1]);
        else
            return command_usage("check", "unknown option or missing value: %s", argv[i]);
    }
    struct diag d = {0};
    struct rule_set set = {0};
    struct rule_check result = {0};
    struct settings *s = NULL;
    bool loaded;
    if (i < argc && !config && !dump) { /* rule files alone need no configuration */
        loaded = rules_load_files(&set, argv + i, (unsigned)(argc - i), &d);
    } else {
        s = settings_load(config, &d);
        if (s && dump) {
            settings_dump(s, stdout);
            print_sandbox(s);
        }
        loaded = s && (i < argc ? rules_load_files(&set, argv + i, (unsigned)(argc - i), &d) : rules_load(&set, s, &d));
    }
    scrub_check(&d);
    if (loaded) {
        rule_set_ready(&set, true);
        result = rule_check_samples(&set, &d);
        rule_check_patterns(&set, &d);
    }
    if (!d.errors && !dump)
        printf("ok: %s%s%u rules, %u samples\n", s ? (s->path ? s->path : "zero configuration") : "", s ? ", " : "", set.n,
               result.samples);
    rule_set_free(&set);
    int status = command_finish(&d, EXIT_INPUT_WRONG);
    settings_unref(s);
    return status;
}
