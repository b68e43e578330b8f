#include "ops/provider/form.h"

#include "schemas/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)tolower((unsigned char)c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Decodes to *to, which is never longer than the source, and ends it with NUL. Returns the bytes,
// or -1 for a bad escape or a NUL.
static ssize_t decode(const char *from, size_t from_bytes, char *to)
{
    size_t bytes = 0;
    for (size_t i = 0; i < from_bytes; i++) {
        char c = from[i] == '+' ? ' ' : from[i];
        if (c == '%') {
            int high = i + 2 < from_bytes ? hex_digit(from[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(from[i + 2]) : -1;
            if (low < 0)
                return -1;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return -1;
        to[bytes++] = c;
    }
    to[bytes] = '\0';
    return (ssize_t)bytes;
}

// name, name[key], name[key][key], name[]: brackets only where they nest nothing wrong.
static bool name_valid(const char *name)
{
    size_t plain = strcspn(name, "[]");
    int depth = 0;
    if (plain == 0)
        return false;
    for (name += plain; *name != '\0'; name++) {
        if (*name != '[' || ++depth > FORM_DEPTH_MAX)
            return false;
        name += 1 + strcspn(name + 1, "[]");
        if (*name != ']')
            return false;
    }
    return true;
}

// Decodes one "name=value" into f->text at *at.
static const char *form_add(form *f, const char *data, size_t data_bytes, size_t *at)
{
    if (f->fields_count == FORM_FIELDS_MAX)
        return "The request has too many parameters.";
    const char *equals = memchr(data, '=', data_bytes);
    size_t name_bytes = equals != NULL ? (size_t)(equals - data) : data_bytes;
    size_t value_at = equals != NULL ? name_bytes + 1 : name_bytes;
    char *name = f->text + *at;
    ssize_t name_length = decode(data, name_bytes, name);
    if (name_length < 0)
        return "A parameter's name is not encoded properly.";
    char *value = name + name_length + 1;
    ssize_t value_length = decode(data + value_at, data_bytes - value_at, value);
    if (value_length < 0)
        return "A parameter's value is not encoded properly.";
    if (!utf8_valid(name, (size_t)name_length) || !utf8_valid(value, (size_t)value_length))
        return "A parameter is not UTF-8.";
    if (!name_valid(name))
        return "A parameter's name has brackets in the wrong place.";
    f->fields[f->fields_count++] = (form_field){name, value};
    *at += (size_t)name_length + (size_t)value_length + 2;
    return NULL;
}

const char *form_parse(const char *data, size_t data_bytes, form *ret_form)
{
    ret_form->fields_count = 0;
    ret_form->text = NULL;
    if (data_bytes > FORM_BYTES_MAX)
        return "The request is too large.";
    // Two NULs for each pair, and a pair without '=' has given up no byte for the second one.
    size_t pairs = 1;
    for (size_t i = 0; i < data_bytes; i++)
        pairs += data[i] == '&';
    ret_form->text = malloc(data_bytes + 2 * pairs);
    if (ret_form->text == NULL)
        return "Memory is out.";
    size_t at = 0;
    const char *problem = NULL;
    while (data_bytes > 0 && problem == NULL) {
        const char *end = memchr(data, '&', data_bytes);
        size_t bytes = end != NULL ? (size_t)(end - data) : data_bytes;
        if (bytes > 0)
            problem = form_add(ret_form, data, bytes, &at);
        size_t step = bytes + (end != NULL);
        data += step;
        data_bytes -= step;
    }
    if (problem != NULL)
        form_done(ret_form);
    return problem;
}

void form_done(form *f)
{
    free(f->text);
    f->text = NULL;
    f->fields_count = 0;
}

const char *form_find(const form *f, const char *name)
{
    for (uint32_t i = f->fields_count; i > 0; i--)
        if (strcmp(f->fields[i - 1].name, name) == 0)
            return f->fields[i - 1].value;
    return NULL;
}

form_number form_find_integer(const form *f, const char *name, int64_t *ret_value)
{
    const char *text = form_find(f, name);
    if (text == NULL)
        return FORM_ABSENT;
    size_t sign = text[0] == '-';
    size_t digits = strspn(text + sign, "0123456789");
    if (digits == 0 || digits > 18 || text[sign + digits] != '\0')
        return FORM_WRONG;
    *ret_value = strtoll(text, NULL, 10);
    return FORM_PRESENT;
}

bool form_next_member(const form *f, const char *name, uint32_t *at, char *ret_key,
                      size_t key_bytes, const char **ret_value)
{
    size_t name_bytes = strlen(name);
    while (*at < f->fields_count) {
        const form_field *field = &f->fields[(*at)++];
        if (strncmp(field->name, name, name_bytes) != 0 || field->name[name_bytes] != '[')
            continue;
        const char *key = field->name + name_bytes + 1;
        size_t bytes = strcspn(key, "]");
        if (key[bytes] != ']' || key[bytes + 1] != '\0')
            continue;
        snprintf(ret_key, key_bytes, "%.*s", (int)bytes, key);
        *ret_value = field->value;
        return true;
    }
    return false;
}
