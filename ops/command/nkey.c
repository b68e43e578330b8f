// NKeys: who a program is to the message servers.
#include "ops/host/nkey.h"
#include "ops/command/nouns.h"
#include "ops/host/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

// A new file that only its owner may read; an existing one stays as it is.
static bool seed_write(const char *path, char seed[static NKEY_SEED_TEXT_BYTES])
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    seed[NKEY_SEED_TEXT_BYTES - 1] = '\n';
    bool ok = write(fd, seed, NKEY_SEED_TEXT_BYTES) == NKEY_SEED_TEXT_BYTES && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    if (!ok)
        unlink(path);
    return ok;
}

static command_status nkey_make(command *c)
{
    uint8_t entropy[NKEY_ENTROPY_BYTES];
    char seed[NKEY_SEED_TEXT_BYTES], public[NKEY_PUBLIC_TEXT_BYTES];
    randombytes_buf(entropy, sizeof entropy);
    nkey_seed_text(entropy, seed);
    bool made = nkey_public_text(seed, public);
    bool written = made && seed_write(c->arguments[0], seed);
    int reason = errno;
    sodium_memzero(entropy, sizeof entropy);
    sodium_memzero(seed, sizeof seed);
    if (!written)
        return command_fail(c, COMMAND_FAILED, "%s cannot be made: %s", c->arguments[0],
                            strerrordesc_np(reason));
    return command_print(c, json_pack("{s:s, s:s}", "public", public, "file", c->arguments[0]));
}

static command_status nkey_show(command *c)
{
    char problem[CONFIG_PROBLEM_BYTES], seed[NKEY_SEED_TEXT_BYTES], public[NKEY_PUBLIC_TEXT_BYTES];
    if (!secret_file_read_text(c->arguments[0], sizeof seed, seed, problem))
        return command_fail(c, COMMAND_FAILED, "%s", problem);
    bool is_seed = nkey_public_text(seed, public);
    sodium_memzero(seed, sizeof seed);
    if (!is_seed)
        return command_fail(c, COMMAND_FAILED, "%s has no NKey seed of a user", c->arguments[0]);
    return command_print(c, json_pack("{s:s, s:s}", "public", public, "file", c->arguments[0]));
}

const verb nkey_verbs[] = {
    {"make",
     "FILE",
     "Makes the seed of a user in a new file and prints the public key for the server.",
     1,
     1,
     {{0}},
     nkey_make},
    {"show", "FILE", "Prints the public key that belongs to a seed.", 1, 1, {{0}}, nkey_show},
    {0},
};
