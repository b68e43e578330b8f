#include "ops/command/command.h"

#include <stdio.h>

// "--name VALUE" beside what it means, the meaning always in the same column.
static void option_help(FILE *out, const verb_option *o)
{
    char text[64];
    snprintf(text, sizeof text, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    fprintf(out, "      %-26s %s\n", text, o->help);
}

static void verb_help(FILE *out, const noun *n, const verb *v, bool options)
{
    fprintf(out, "  cavea %s%s%s%s%s\n      %s\n", n->name, v->name[0] ? " " : "", v->name,
            v->arguments ? " " : "", v->arguments ? v->arguments : "", v->help);
    for (const verb_option *o = v->options; options && o->name; o++)
        option_help(out, o);
}

void command_help(const command *c, const noun *nouns, FILE *out)
{
    if (c->noun) {
        fprintf(out, "cavea %s: %s\n\n", c->noun->name, c->noun->help);
        for (const verb *v = c->noun->verbs; v->name; v++)
            verb_help(out, c->noun, v, true);
    } else {
        fputs("cavea " CAVEA_VERSION ": the operator's command\n\n", out);
        for (const noun *n = nouns; n->name; n++)
            for (const verb *v = n->verbs; v->name; v++)
                verb_help(out, n, v, false);
        fputs("  cavea help [COMMAND]\n      Says what a command takes.\n", out);
    }
    fputs("\nEverywhere:\n"
          "      --json                     print results as JSON\n"
          "      --postgres-url URL         the database (CAVEA_POSTGRES_URL)\n"
          "      --nats-url URL             the message servers (CAVEA_NATS_URL)\n"
          "Exit status: 0 done, 1 refused or not right, 2 wrong usage, 3 a service is away.\n",
          out);
}
