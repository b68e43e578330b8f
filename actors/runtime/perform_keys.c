#include "actors/runtime/perform_keys.h"

#include "ops/host/random.h"
#include "ops/host/secret_file.h"
#include "schemas/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, HEX_BYTES = 2 * TICKET_SEED_BYTES + 1 };

static void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static bool problem_errno(char *ret_problem, const char *what, const char *path)
{
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "%s %.300s: %s.", what, path,
             strerrordesc_np(errno));
    return false;
}

static bool path_of(const char *dir, const char *name, const char *suffix, char ret[PATH_BYTES])
{
    int n = snprintf(ret, PATH_BYTES, "%s/%s%s", dir, name, suffix);
    return n > 0 && n < PATH_BYTES;
}

static bool write_all(int fd, const char *text)
{
    size_t bytes = strlen(text);
    while (bytes > 0) {
        ssize_t n = write(fd, text, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text += n;
        bytes -= (size_t)n;
    }
    return true;
}

static void dir_sync(const char *dir)
{
    int fd __attribute__((cleanup(fd_close))) = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
}

typedef enum publish { PUBLISH_NEW, PUBLISH_REPLACE } publish;

// Writes a file elsewhere in the folder, to its end and to the disk, and then gives it its name.
// PUBLISH_NEW fails with EEXIST when the name is taken.
static bool file_publish(const char *dir, const char *name, const char *suffix, const char *text,
                         mode_t mode, publish how)
{
    char path[PATH_BYTES], draft[PATH_BYTES], draft_name[UUID_TEXT_BYTES];
    uuid unique = random_uuid();
    uuid_format(&unique, draft_name);
    if (!path_of(dir, name, suffix, path) || !path_of(dir, draft_name, ".draft", draft)) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd __attribute__((cleanup(fd_close))) =
        open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return false;
    bool good = fchmod(fd, mode) == 0 && write_all(fd, text) && fsync(fd) == 0;
    if (good)
        good = how == PUBLISH_NEW ? link(draft, path) == 0 : rename(draft, path) == 0;
    int saved = errno;
    if (how == PUBLISH_NEW || !good)
        (void)unlink(draft);
    dir_sync(dir);
    errno = saved;
    return good;
}

static bool pub_publish(const char *dir, const ticket_key *key)
{
    char text[HEX_BYTES + 1];
    sodium_bin2hex(text, sizeof text, key->public, sizeof key->public);
    text[HEX_BYTES - 1] = '\n';
    text[HEX_BYTES] = 0;
    return file_publish(dir, key->id, ".pub", text, 0644, PUBLISH_REPLACE);
}

// A new key, complete in the folder, named by its public key.
static bool key_make(const char *dir, char ret_id[static TICKET_KEY_ID_BYTES])
{
    uint8_t seed[TICKET_SEED_BYTES];
    char text[HEX_BYTES + 1], digest_text[DIGEST32_TEXT_BYTES], id[TICKET_KEY_ID_BYTES] = {0};
    ticket_signer signer;
    ticket_key key;
    random_fill(seed, sizeof seed);
    ticket_signer_of("new", seed, &signer, &key);
    sodium_memzero(&signer, sizeof signer);
    digest32 digest = digest32_of(key.public, sizeof key.public);
    digest32_format(&digest, digest_text);
    memcpy(id, digest_text, 8);
    memcpy(key.id, id, sizeof key.id);
    sodium_bin2hex(text, sizeof text, seed, sizeof seed);
    text[HEX_BYTES - 1] = '\n';
    text[HEX_BYTES] = 0;
    // The public half first: a signature never exists before the key that verifies it.
    bool made = pub_publish(dir, &key) && file_publish(dir, id, ".key", text, 0600, PUBLISH_NEW);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(text, sizeof text);
    if (made)
        memcpy(ret_id, id, sizeof id);
    return made;
}

static void key_drop(const char *dir, const char *id)
{
    char path[PATH_BYTES];
    if (path_of(dir, id, ".key", path))
        (void)unlink(path);
    if (path_of(dir, id, ".pub", path))
        (void)unlink(path);
}

bool ticket_keys_prepare(const char *dir, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    char active[PATH_BYTES], id[TICKET_KEY_ID_BYTES];
    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        return problem_errno(ret_problem, "The folder of ticket keys cannot be made,", dir);
    if (!path_of(dir, "active", "", active)) {
        errno = ENAMETOOLONG;
        return problem_errno(ret_problem, "The folder of ticket keys cannot be used,", dir);
    }
    if (access(active, F_OK) == 0)
        return true;
    if (!key_make(dir, id))
        return problem_errno(ret_problem, "A ticket key cannot be written into", dir);
    if (file_publish(dir, "active", "", id, 0644, PUBLISH_NEW))
        return true;
    bool raced = errno == EEXIST; // another host was faster: its key is the first one
    if (!raced)
        (void)problem_errno(ret_problem, "The active ticket key cannot be named in", dir);
    key_drop(dir, id);
    return raced;
}

bool ticket_keys_rotate(const char *dir, char ret_id[static TICKET_KEY_ID_BYTES],
                        char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    char id[TICKET_KEY_ID_BYTES];
    if (!key_make(dir, id))
        return problem_errno(ret_problem, "A ticket key cannot be written into", dir);
    if (!file_publish(dir, "active", "", id, 0644, PUBLISH_REPLACE))
        return problem_errno(ret_problem, "The active ticket key cannot be named in", dir);
    memcpy(ret_id, id, sizeof id);
    return true;
}

static bool active_id_read(const char *dir, char ret_id[static TICKET_KEY_ID_BYTES],
                           char *ret_problem)
{
    char path[PATH_BYTES], id[TICKET_KEY_ID_BYTES + 1] = {0};
    if (!path_of(dir, "active", "", path)) {
        errno = ENAMETOOLONG;
        return problem_errno(ret_problem, "The folder of ticket keys cannot be used,", dir);
    }
    int fd __attribute__((cleanup(fd_close))) = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd < 0 ? -1 : read(fd, id, sizeof id);
    if (bytes < 0)
        return problem_errno(ret_problem, "The name of the active ticket key cannot be read,",
                             path);
    if (bytes > 0 && id[bytes - 1] == '\n')
        id[--bytes] = 0;
    if (!ticket_key_id_valid(id, (size_t)bytes)) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "%.300s does not name a ticket key.", path);
        return false;
    }
    memcpy(ret_id, id, TICKET_KEY_ID_BYTES);
    return true;
}

bool ticket_keys_active(const char *dir, ticket_signer *ret_signer,
                        char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    char id[TICKET_KEY_ID_BYTES] = {0}, path[PATH_BYTES], text[HEX_BYTES + 1];
    uint8_t seed[TICKET_SEED_BYTES];
    size_t seed_bytes;
    const char *end;
    ticket_key key;
    if (!active_id_read(dir, id, ret_problem) || !path_of(dir, id, ".key", path) ||
        !secret_file_read_text(path, sizeof text, text, ret_problem))
        return false;
    bool good =
        strlen(text) == HEX_BYTES - 1 &&
        sodium_hex2bin(seed, sizeof seed, text, strlen(text), NULL, &seed_bytes, &end) == 0 &&
        *end == 0 && seed_bytes == sizeof seed;
    sodium_memzero(text, sizeof text);
    if (good)
        ticket_signer_of(id, seed, ret_signer, &key);
    sodium_memzero(seed, sizeof seed);
    if (!good) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "%.300s must hold 64 hex digits.", path);
        return false;
    }
    // Somebody may have brought the seed alone.
    if (path_of(dir, id, ".pub", path) && access(path, F_OK) != 0 && !pub_publish(dir, &key))
        return problem_errno(ret_problem, "The public ticket key cannot be written,", path);
    return true;
}
