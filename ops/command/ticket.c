// The keys that sign tickets.
#include "actors/runtime/perform_keys.h"
#include "ops/command/nouns.h"

#include <sodium.h>
#include <stdlib.h>

// The first key, for actor hosts that do not share a folder: each would make one of its own.
static command_status keys_make(command *c, const char *dir)
{
    char problem[CONFIG_PROBLEM_BYTES];
    ticket_signer signer;
    if (!ticket_keys_prepare(dir, problem) || !ticket_keys_active(dir, &signer, problem))
        return command_fail(c, COMMAND_FAILED, "%s", problem);
    json_t *made = json_pack("{s:s#, s:s}", "active", signer.id,
                             (int)strnlen(signer.id, sizeof signer.id), "folder", dir);
    sodium_memzero(&signer, sizeof signer);
    return command_print(c, made);
}

static command_status keys_change(command *c)
{
    char problem[CONFIG_PROBLEM_BYTES], id[TICKET_KEY_ID_BYTES + 1] = {0};
    ticket_signer signer;
    const char *environment = getenv("CAVEA_TICKET_KEYS_DIR");
    const char *dir = command_option(c, "dir", environment ? environment : "");
    bool make = strcmp(c->arguments[0], "make") == 0;
    if (!make && strcmp(c->arguments[0], "rotate") != 0)
        return command_fail(c, COMMAND_USAGE, "cavea ticket keys: make or rotate, not '%s'",
                            c->arguments[0]);
    if (dir[0] == 0)
        return command_fail(c, COMMAND_USAGE, "which folder? Set CAVEA_TICKET_KEYS_DIR or --dir");
    if (make)
        return keys_make(c, dir);
    // A folder that is not one of ours gets no key: a typing error would go unnoticed.
    if (!ticket_keys_active(dir, &signer, problem))
        return command_fail(c, COMMAND_FAILED, "%s", problem);
    sodium_memzero(&signer, sizeof signer);
    if (!ticket_keys_rotate(dir, id, problem))
        return command_fail(c, COMMAND_FAILED, "%s", problem);
    return command_print(c, json_pack("{s:s, s:s}", "active", id, "folder", dir));
}

const verb ticket_verbs[] = {
    {"keys",
     "make|rotate",
     "Makes the first key; or a new one that signs from now on, and tickets of the old stay valid.",
     1,
     1,
     {{"dir", "FOLDER", "the folder of ticket keys (CAVEA_TICKET_KEYS_DIR)"}},
     keys_change},
    {0},
};
