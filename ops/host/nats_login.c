#include "ops/host/nats_login.h"

#include "ops/host/nkey.h"
#include "ops/host/secret_file.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { SERVERS_MAX = 16, URLS_BYTES_MAX = 2048 };

// Splits at commas; each part ends where the next begins.
static int servers_split(char *urls, const char *servers[static SERVERS_MAX])
{
    int count = 0;
    for (char *at = urls; at != NULL && count < SERVERS_MAX;) {
        char *comma = strchr(at, ',');
        if (comma != NULL)
            *comma++ = 0;
        if (*at != 0)
            servers[count++] = at;
        at = comma;
    }
    return count;
}

static bool fail(char ret_problem[static CONFIG_PROBLEM_BYTES], const char *what, natsStatus status)
{
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "%s: %s", what, natsStatus_GetText(status));
    return false;
}

static bool servers_set(natsOptions *options, const char *urls,
                        char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    char copy[URLS_BYTES_MAX];
    const char *servers[SERVERS_MAX];
    natsStatus s = NATS_INVALID_ARG;
    if (strlen(urls) < sizeof copy) {
        memcpy(copy, urls, strlen(urls) + 1);
        int count = servers_split(copy, servers);
        if (count > 0)
            s = natsOptions_SetServers(options, servers, count);
        if (s == NATS_OK) // the one named first is the nearest
            s = natsOptions_SetNoRandomize(options, true);
    }
    return s == NATS_OK || fail(ret_problem, "the NATS address cannot be used", s);
}

static bool seed_read(const char *file, char ret_seed[static NKEY_SEED_TEXT_BYTES],
                      char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    memset(ret_seed, 0, NKEY_SEED_TEXT_BYTES);
    return secret_file_read_text(file, NKEY_SEED_TEXT_BYTES, ret_seed, ret_problem);
}

// Answers the server's nonce at each connection. The library frees the signature.
static natsStatus on_nonce(char **ret_error, unsigned char **ret_signature, int *ret_bytes,
                           const char *nonce, void *file)
{
    char seed[NKEY_SEED_TEXT_BYTES], problem[CONFIG_PROBLEM_BYTES];
    uint8_t *signature = malloc(NKEY_SIGNATURE_BYTES);
    bool is_signed = signature != NULL && seed_read(file, seed, problem) &&
                     nkey_sign(seed, nonce, strlen(nonce), signature);
    sodium_memzero(seed, sizeof seed);
    if (!is_signed) {
        free(signature);
        *ret_error = strdup("the NKey's file cannot be used");
        return NATS_ERR;
    }
    *ret_signature = signature;
    *ret_bytes = NKEY_SIGNATURE_BYTES;
    return NATS_OK;
}

static bool nkey_set(natsOptions *options, const char *file,
                     char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    char seed[NKEY_SEED_TEXT_BYTES], public[NKEY_PUBLIC_TEXT_BYTES];
    if (!seed_read(file, seed, ret_problem))
        return false;
    bool is_seed = nkey_public_text(seed, public);
    sodium_memzero(seed, sizeof seed);
    if (!is_seed) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "%.400s has no NKey seed of a user.", file);
        return false;
    }
    natsStatus s = natsOptions_SetNKey(options, public, on_nonce, (void *)(uintptr_t)file);
    return s == NATS_OK || fail(ret_problem, "the NKey cannot be used", s);
}

bool nats_login_set(natsOptions *options, const nats_login *login,
                    char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (!servers_set(options, login->urls, ret_problem))
        return false;
    return login->nkey_file[0] == 0 || nkey_set(options, login->nkey_file, ret_problem);
}
