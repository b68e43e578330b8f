#include "edge/key_set.h"

#include "edge/doc.h"
#include "schemas/subject.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PUBLIC_BYTES = crypto_sign_ed25519_PUBLICKEYBYTES,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
    BASE64_BYTES = sodium_base64_ENCODED_LEN(PUBLIC_BYTES, BASE64),
};

typedef struct public_key {
    char kid[KEY_ID_BYTES_MAX + 1];
    uint8_t bytes[PUBLIC_BYTES];
} public_key;

static bool kid_of(const char *file, char ret_kid[static KEY_ID_BYTES_MAX + 1])
{
    static const char ending[] = ".pub";
    size_t bytes = strlen(file);
    if (bytes <= sizeof ending - 1)
        return false;
    bytes -= sizeof ending - 1;
    if (strcmp(file + bytes, ending) != 0 || bytes > KEY_ID_BYTES_MAX ||
        !subject_token_valid(file, bytes))
        return false;
    memcpy(ret_kid, file, bytes);
    ret_kid[bytes] = 0;
    return true;
}

static bool key_read(int folder, const char *file, public_key *ret_key)
{
    char text[2 * PUBLIC_BYTES + 2];
    size_t bytes;
    const char *end;
    int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, sizeof text);
    close(fd);
    if (got == 2 * PUBLIC_BYTES + 1 && text[2 * PUBLIC_BYTES] == '\n')
        got--;
    return got == 2 * PUBLIC_BYTES &&
           sodium_hex2bin(ret_key->bytes, PUBLIC_BYTES, text, (size_t)got, NULL, &bytes, &end) ==
               0 &&
           bytes == PUBLIC_BYTES;
}

static int compare_kids(const void *a, const void *b)
{
    return strcmp(((const public_key *)a)->kid, ((const public_key *)b)->kid);
}

static size_t keys_read(DIR *folder, public_key keys[static KEY_SET_KEYS_MAX])
{
    size_t count = 0;
    for (struct dirent *entry; count < KEY_SET_KEYS_MAX && (entry = readdir(folder));)
        if (kid_of(entry->d_name, keys[count].kid) &&
            key_read(dirfd(folder), entry->d_name, &keys[count]))
            count++;
    qsort(keys, count, sizeof *keys, compare_kids);
    return count;
}

static void key_write(doc *d, const public_key *key)
{
    static const char *const members[][2] = {
        {"kty", "OKP"}, {"crv", "Ed25519"}, {"use", "sig"}, {"alg", "EdDSA"}};
    char x[BASE64_BYTES];
    doc_object(d);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        doc_key(d, members[i][0]);
        doc_text(d, members[i][1]);
    }
    doc_key(d, "kid");
    doc_text(d, key->kid);
    doc_key(d, "x");
    doc_text(d, sodium_bin2base64(x, sizeof x, key->bytes, PUBLIC_BYTES, BASE64));
    doc_object_end(d);
}

shared_bytes *key_set_read(const char *folder_path)
{
    public_key keys[KEY_SET_KEYS_MAX];
    DIR *folder = opendir(folder_path);
    if (!folder)
        return NULL;
    size_t count = keys_read(folder, keys);
    closedir(folder);
    doc d;
    doc_init_heap(&d);
    doc_object(&d);
    doc_key(&d, "keys");
    doc_array(&d);
    for (size_t i = 0; i < count; i++)
        key_write(&d, &keys[i]);
    doc_array_end(&d);
    doc_object_end(&d);
    shared_bytes *b = shared_bytes_of(&d);
    if (b)
        shared_bytes_name(b);
    return b;
}

struct key_ring {
    const char *folder;
    pthread_mutex_t mutex; // guards what follows
    shared_bytes *document;
    int64_t fresh_until_us;
};

key_ring *key_ring_new(const char *folder)
{
    key_ring *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->folder = folder;
    pthread_mutex_init(&r->mutex, NULL);
    return r;
}

void key_ring_free(key_ring *r)
{
    if (!r)
        return;
    shared_bytes_unref(r->document);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}

shared_bytes *key_ring_get(key_ring *r, int64_t now_us)
{
    pthread_mutex_lock(&r->mutex);
    if (!r->document || now_us >= r->fresh_until_us) {
        shared_bytes *document = key_set_read(r->folder);
        if (document) {
            shared_bytes_unref(r->document);
            r->document = document;
        }
        r->fresh_until_us = now_us + KEY_RING_FRESH_MS * 1000;
    }
    shared_bytes *b = shared_bytes_ref(r->document);
    pthread_mutex_unlock(&r->mutex);
    return b;
}
