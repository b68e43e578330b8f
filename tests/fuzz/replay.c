// Runs a fuzz target over the files of its corpus folders, for builds without libFuzzer.

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

// Returns whether the file could be read.
static int replay_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL || fseek(in, 0, SEEK_END) != 0 || ftell(in) < 0) {
        fprintf(stderr, "%s cannot be read\n", path);
        if (in != NULL)
            fclose(in);
        return 0;
    }
    size_t bytes = (size_t)ftell(in);
    rewind(in);
    uint8_t *data = malloc(bytes + 1); // one more: an empty file is an input too
    int is_read = data != NULL && fread(data, 1, bytes, in) == bytes;
    if (is_read)
        LLVMFuzzerTestOneInput(data, bytes);
    free(data);
    fclose(in);
    return is_read;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            fprintf(stderr, "%s cannot be opened\n", argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] == '.')
                continue;
            if (!replay_file(path))
                return 1;
            count++;
        }
        closedir(folder);
    }
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
