#include "ops/command/view.h"

#include "schemas/text.h"

#include <inttypes.h>
#include <string.h>

enum { CELL_BYTES = 512, COLUMNS_MAX = 24, COLUMN_WIDTH_MAX = 64 };

// Columns on a terminal, one for each character; good enough for names.
static int text_width(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void cell_text(const json_t *value, char ret_text[static CELL_BYTES]);

// Scalars one after another.
static void list_text(const json_t *list, char ret_text[static CELL_BYTES])
{
    const json_t *value;
    size_t i, at = 0;
    char text[CELL_BYTES];
    snprintf(ret_text, CELL_BYTES, "%s", json_array_size(list) == 0 ? "-" : "");
    json_array_foreach(list, i, value)
    {
        cell_text(value, text);
        if (at + strlen(text) + 8 > CELL_BYTES) {
            snprintf(ret_text + at, CELL_BYTES - at, " ...");
            return;
        }
        at += (size_t)snprintf(ret_text + at, CELL_BYTES - at, "%s%s", i > 0 ? ", " : "", text);
    }
}

static void cell_text(const json_t *value, char ret_text[static CELL_BYTES])
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        snprintf(ret_text, CELL_BYTES, "%s", json_string_value(value));
        break;
    case JSON_INTEGER:
        snprintf(ret_text, CELL_BYTES, "%" PRId64, (int64_t)json_integer_value(value));
        break;
    case JSON_REAL:
        snprintf(ret_text, CELL_BYTES, "%.1f", json_real_value(value));
        break;
    case JSON_TRUE:
        snprintf(ret_text, CELL_BYTES, "yes");
        break;
    case JSON_FALSE:
        snprintf(ret_text, CELL_BYTES, "no");
        break;
    case JSON_NULL:
        snprintf(ret_text, CELL_BYTES, "-");
        break;
    case JSON_ARRAY:
        list_text(value, ret_text);
        break;
    case JSON_OBJECT:
        snprintf(ret_text, CELL_BYTES, "...");
        break;
    }
    text_tidy(ret_text);
}

static void cell_pad(FILE *out, const char *text, int width)
{
    int left = width - text_width(text);
    fprintf(out, "%s%*s", text, left > 0 ? left : 0, "");
}

// The columns are those of the first row.
static void table_print(FILE *out, json_t *rows)
{
    const char *names[COLUMNS_MAX];
    int widths[COLUMNS_MAX], columns = 0;
    char text[CELL_BYTES];
    const char *key;
    json_t *value;
    const json_t *row;
    size_t i;
    json_object_foreach(json_array_get(rows, 0), key, value)
    {
        if (columns < COLUMNS_MAX) {
            names[columns] = key;
            widths[columns++] = text_width(key);
        }
    }
    json_array_foreach(rows, i, row)
    {
        for (int k = 0; k < columns; k++) {
            cell_text(json_object_get(row, names[k]), text);
            int width = text_width(text);
            widths[k] = width > widths[k] ? width : widths[k];
            widths[k] = widths[k] > COLUMN_WIDTH_MAX ? COLUMN_WIDTH_MAX : widths[k];
        }
    }
    for (int k = 0; k < columns; k++)
        cell_pad(out, names[k], k + 1 < columns ? widths[k] + 2 : 0);
    putc('\n', out);
    json_array_foreach(rows, i, row)
    {
        for (int k = 0; k < columns; k++) {
            cell_text(json_object_get(row, names[k]), text);
            cell_pad(out, text, k + 1 < columns ? widths[k] + 2 : 0);
        }
        putc('\n', out);
    }
}

static bool is_table(const json_t *value)
{
    return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static void object_print(FILE *out, json_t *object)
{
    const char *key;
    json_t *value;
    char text[CELL_BYTES];
    int width = 0;
    json_object_foreach(object, key, value)
    {
        if (!is_table(value) && !json_is_object(value) && text_width(key) > width)
            width = text_width(key);
    }
    json_object_foreach(object, key, value)
    {
        if (is_table(value) || json_is_object(value))
            continue;
        cell_text(value, text);
        cell_pad(out, key, width + 2);
        fprintf(out, "%s\n", text);
    }
    json_object_foreach(object, key, value)
    {
        if (!is_table(value) && !json_is_object(value))
            continue;
        fprintf(out, "\n%s:\n", key);
        if (json_is_object(value))
            object_print(out, value);
        else
            table_print(out, value);
    }
}

void view_print(FILE *out, const json_t *result)
{
    // json_object_foreach wants to be able to write.
    json_t *copy = json_copy((json_t *)(uintptr_t)result);
    char text[CELL_BYTES];
    if (is_table(copy)) {
        table_print(out, copy);
    } else if (json_is_object(copy)) {
        object_print(out, copy);
    } else {
        cell_text(copy, text);
        fprintf(out, "%s\n", text);
    }
    json_decref(copy);
}
