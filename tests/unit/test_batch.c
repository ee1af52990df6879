#include "support/support.h"

#include <string.h>

#include "store/batch.h"

static struct blob blob(const char *s)
{
    return (struct blob){ s, strlen(s) };
}

static void assert_blob(struct blob b, const char *want)
{
    assert_int_equal(b.len, strlen(want));
    assert_memory_equal(b.ptr, want, b.len);
}

static void next_gives_what_was_added_in_order(void **state)
{
    static const struct {
        size_t table;
        const char *key, *head, *body, *value;
    } puts[] = {
        { 3, "k", "sum", "payload", "sumpayload" },
        { 0, "longer key", "", "body", "body" },
        { 3, "k", "sum", "", "sum" },
    };
    struct err err = ERR_INIT;
    struct batch_put put;
    struct blob value;
    struct batch b;
    size_t at = 0;

    (void)state;
    batch_init(&b);
    assert_false(batch_next(&b, &at, &put));
    for (size_t i = 0; i < 3; i++) {
        assert_ok(batch_add(&b, puts[i].table, blob(puts[i].key),
                            blob(puts[i].head), blob(puts[i].body), &value,
                            &err),
                  &err);
        assert_blob(value, puts[i].value);
    }
    assert_int_equal(b.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(batch_next(&b, &at, &put));
        assert_int_equal(put.table, puts[i].table);
        assert_blob(put.key, puts[i].key);
        assert_blob(put.value, puts[i].value);
    }
    assert_false(batch_next(&b, &at, &put));
    batch_reset(&b);
    at = 0;
    assert_int_equal(b.n, 0);
    assert_false(batch_next(&b, &at, &put));
    batch_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_gives_what_was_added_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
