// The provider's reader of form-encoded bodies against anything: what it accepts is whole, bounded
// and clean, and reading it again gives the same.

#include "ops/provider/form.h"
#include "ops/provider/stripe.h"
#include "schemas/utf8.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static void check_fields(const form *f)
{
    char key[8];
    const char *value;
    int64_t number;
    assert(f->fields_count <= FORM_FIELDS_MAX);
    for (uint32_t i = 0; i < f->fields_count; i++) {
        const form_field *field = &f->fields[i];
        assert(field->name[0] != '\0' && field->name[0] != '[');
        assert(utf8_valid(field->name, strlen(field->name)));
        assert(utf8_valid(field->value, strlen(field->value)));
        assert(form_find(f, field->name) != NULL);
        assert(form_find_integer(f, field->name, &number) != FORM_ABSENT);
    }
    for (uint32_t at = 0; form_next_member(f, "metadata", &at, key, sizeof key, &value);)
        assert(strlen(key) < sizeof key && value != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    form first, second;
    if (form_parse((const char *)data, data_bytes, &first) != NULL)
        return 0;
    check_fields(&first);
    assert(form_parse((const char *)data, data_bytes, &second) == NULL);
    digest16 one = stripe_request_digest("POST", "/v1/refunds", &first);
    digest16 two = stripe_request_digest("POST", "/v1/refunds", &second);
    assert(digest16_equal(&one, &two));
    form_done(&first);
    form_done(&second);
    return 0;
}
