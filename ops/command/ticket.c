// The keys that sign tickets.
#include "actors/runtime/perform_keys.h"
#include "ops/command/nouns.h"

#include <sodium.h>
#include <stdlib.h>

static command_status keys_rotate(command *c)
{
    char problem[CONFIG_PROBLEM_BYTES], id[TICKET_KEY_ID_BYTES + 1] = {0};
    ticket_signer signer;
    const char *environment = getenv("CAVEA_TICKET_KEYS_DIR");
    const char *dir = command_option(c, "dir", environment ? environment : "");
    if (strcmp(c->arguments[0], "rotate") != 0)
        return command_fail(c, COMMAND_USAGE, "cavea ticket keys: rotate, not '%s'",
                            c->arguments[0]);
    if (dir[0] == 0)
        return command_fail(c, COMMAND_USAGE, "which folder? Set CAVEA_TICKET_KEYS_DIR or --dir");
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
     "rotate",
     "Makes a new key that signs from now on; tickets of the old ones stay valid.",
     1,
     1,
     {{"dir", "FOLDER", "the folder of ticket keys (CAVEA_TICKET_KEYS_DIR)"}},
     keys_rotate},
    {0},
};
