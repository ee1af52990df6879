#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "store/review.h"

#define T "\"sentence1\":\"a b\",\"sentence2\":\"c\""

struct row {
    const char *json, *want; /* "same:different", or a part of the message */
};

static void read_all(const struct row *row, size_t n, enum review_tool tool)
{
    for (size_t i = 0; i < n; i++) {
        struct review_answer v;
        struct err err = ERR_INIT;
        struct json *doc;
        char got[64];
        int rc;

        assert_ok(json_parse(&doc, "row", row[i].json, strlen(row[i].json),
                             JSON_STRICT, &err),
                  &err);
        rc = review_read(&v, json_root(doc), tool, &err);
        snprintf(got, sizeof(got), "%u:%u", v.same, v.different);
        if (rc == 0 && strcmp(got, row[i].want) != 0)
            fail_msg("%s: %s, expected %s", row[i].json, got, row[i].want);
        if (rc != 0 && (rc != ERR_FORMAT || !strstr(err.msg, row[i].want)))
            fail_msg("%s: %s, expected %s", row[i].json, err.msg, row[i].want);
        if (rc == 0) {
            assert_true(span_is(v.a, "a b"));
            assert_true(span_is(v.b, "c"));
        }
        json_free(doc);
    }
}

#define F "{\"fields\":{" T "}"
static void votes_of_argilla_are_read_in_both_shapes(void **state)
{
    static const struct row row[] = {
        { F "}", "0:0" },
        { F ",\"responses\":{}}", "0:0" },
        { F ",\"responses\":null}", "0:0" },
        { F ",\"responses\":{\"label\":[{\"value\":\"same\",\"user_id\":\"u\"}]"
            "}}",
          "1:0" },
        { F ",\"responses\":{\"label\":[{\"value\":\"same\"},{\"value\":"
            "\"different\"},{\"value\":\"Different\"}]}}",
          "1:2" },
        { F ",\"responses\":{\"label\":[{\"value\":\"unsure\"}]}}", "0:0" },
        { F ",\"responses\":{\"other\":[{\"value\":\"same\"}]}}", "0:0" },
        { F ",\"responses\":{\"label\":[{\"value\":1},{\"value\":0},"
            "{\"value\":true},{\"value\":0.5}]}}",
          "2:1" },
        { F ",\"responses\":{\"label\":[{\"value\":\"same\",\"status\":"
            "\"draft\"}]}}",
          "0:0" },
        { F ",\"responses\":[{\"values\":{\"label\":{\"value\":\"same\"}},"
            "\"status\":\"submitted\"},{\"values\":{\"label\":{\"value\":"
            "\"same\"}},\"status\":\"discarded\"},{\"status\":\"submitted\"}]}",
          "1:0" },
        /* what cannot be used */
        { "[]", "array, expected an object" },
        { "\"x\"", "string, expected an object" },
        { "{}", "\"fields\"" },
        { "{\"fields\":[]}", "\"fields\"" },
        { "{\"fields\":{\"sentence1\":\"a b\"}}", "\"sentence2\"" },
        { "{\"fields\":{\"sentence1\":\"a b\",\"sentence2\":3}}",
          "\"sentence2\"" },
        { "{\"fields\":{\"sentence1\":\" \\n\",\"sentence2\":\"c\"}}",
          "\"sentence1\" is empty" },
        { F ",\"responses\":\"same\"}", "\"responses\" is" },
        { F ",\"responses\":{\"label\":{\"value\":\"same\"}}}",
          "expected an array" },
    };

    (void)state;
    read_all(row, sizeof(row) / sizeof(row[0]), REVIEW_ARGILLA);
}

#define D "{\"data\":{" T "}"
#define A(name, choice) \
    "{\"result\":[{\"from_name\":\"" name \
    "\",\"type\":\"choices\",\"value\":{" \
    "\"choices\":[\"" choice "\"]}}]}"
static void votes_of_label_studio_are_read(void **state)
{
    static const struct row row[] = {
        { D "}", "0:0" },
        { D ",\"annotations\":[],\"predictions\":[" A("label", "same") "]}",
          "0:0" },
        { D ",\"annotations\":[" A("label", "same") "]}", "1:0" },
        { D ",\"annotations\":[" A("label", "different") "," A(
              "label", "same") "," A("label", "different") "]}",
          "1:2" },
        { D ",\"annotations\":[" A("mood", "same") "]}", "0:0" },
        { D ",\"annotations\":[{\"was_cancelled\":true,\"result\":[{\"from_"
            "name\":\"label\",\"value\":{\"choices\":[\"same\"]}}]}]}",
          "0:0" },
        { D ",\"annotations\":[{\"result\":[]},{},7]}", "0:0" },
        { D ",\"annotations\":[{\"result\":[{\"from_name\":\"label\",\"value\""
            ":{\"choices\":[]}}]}]}",
          "0:0" },
        /* JSON_MIN */
        { "{" T ",\"label\":\"different\",\"annotator\":1}", "0:1" },
        { "{" T ",\"label\":{\"choices\":[\"same\"]}}", "1:0" },
        { "{" T "}", "0:0" },
        /* what cannot be used */
        { "{\"data\":\"x\"}", "\"data\"" },
        { "{\"data\":{}}", "\"sentence1\"" },
        { "{}", "\"sentence1\"" },
        { D ",\"annotations\":{}}", "expected an array" },
        { D ",\"annotations\":\"same\"}", "expected an array" },
    };

    (void)state;
    read_all(row, sizeof(row) / sizeof(row[0]), REVIEW_LABEL_STUDIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(votes_of_argilla_are_read_in_both_shapes),
        cmocka_unit_test(votes_of_label_studio_are_read),
    };

    return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
