#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "net/turns.h"

/*
 * A dialogue as a row of letters, one an answer:
 *   I items   T cut, with items   t cut, without   E empty   U no JSON
 *   F filtered   X error
 * and what is asked after each: L with twice the room, J for JSON, P without
 * JSON mode; then "=n" use answer n, "!" give up. Both may be in force.
 */
struct path {
    const char *answers, *want;
};

static enum turns_verdict step(struct turns *t, char letter)
{
    static struct chat_answer a;

    memset(&a, 0, sizeof(a));
    a.positives = strchr("IT", letter) != NULL;
    switch (letter) {
    case 'I':
        a.status = CHAT_ITEMS;
        break;
    case 'T':
    case 't':
        a.status = CHAT_TRUNCATED;
        break;
    case 'E':
        a.status = CHAT_EMPTY;
        break;
    case 'U':
        a.status = CHAT_UNPARSED;
        break;
    case 'F':
        a.status = CHAT_FILTERED;
        break;
    default:
        a.status = CHAT_ERROR;
        break;
    }
    return turns_after(t, &a);
}

static void follow(char out[64], const char *answers)
{
    struct turns t = TURNS_INIT;
    size_t n = 0;

    for (const char *p = answers; *p; p++) {
        enum turns_verdict v = step(&t, *p);

        if (v == TURNS_USE)
            n += (size_t)snprintf(out + n, 64 - n, "=%d",
                                  t.salvage >= 0 ? t.salvage
                                                 : (int)(p - answers));
        else if (v == TURNS_FAIL)
            n += (size_t)snprintf(out + n, 64 - n, "!");
        else
            n += (size_t)snprintf(out + n, 64 - n, "%s%s%s ",
                                  t.longer ? "L" : "", t.corrected ? "J" : "",
                                  t.plain ? "P" : "");
        assert_int_equal(t.n, p - answers + 1);
        if (v != TURNS_ASK)
            assert_int_equal(p[1], '\0');
    }
}

static void every_path_ends_after_three_answers(void **state)
{
    static const struct path row[] = {
        { "I", "=0" },
        { "F", "!" },
        { "X", "!" },
        /* cut: once more with twice the room, then what is whole is used */
        { "TI", "L =1" },
        { "TT", "L =1" },
        { "Tt", "L =0" },
        { "TF", "L =0" },
        { "TX", "L =0" },
        { "tI", "L =1" },
        { "tT", "L =1" },
        { "tt", "L !" },
        { "tF", "L !" },
        { "tX", "L !" },
        { "TUI", "L LJ =2" },
        { "TUU", "L LJ =0" },
        { "TUT", "L LJ =2" },
        { "TUt", "L LJ =0" },
        { "TUE", "L LJ =0" },
        { "TEI", "L LJP =2" },
        { "TEE", "L LJP =0" },
        { "tUU", "L LJ !" },
        { "tEU", "L LJP !" },
        /* no JSON: once more, showing what was wrong */
        { "UI", "J =1" },
        { "UU", "J !" },
        { "UE", "J !" },
        { "UF", "J !" },
        { "UX", "J !" },
        { "UTI", "J LJ =2" },
        { "UTT", "J LJ =2" },
        { "UTU", "J LJ =1" },
        { "UtU", "J LJ !" },
        { "Utt", "J LJ !" },
        /* empty: once more without JSON mode */
        { "EI", "JP =1" },
        { "EE", "JP !" },
        { "EU", "JP !" },
        { "EF", "JP !" },
        { "ETI", "JP LJP =2" },
        { "ETE", "JP LJP =1" },
        { "Ett", "JP LJP !" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char got[64] = "";

        follow(got, row[i].answers);
        if (strcmp(got, row[i].want) != 0)
            print_error("%s\n", row[i].answers);
        assert_string_equal(got, row[i].want);
    }
}

/* All 7^4 dialogues: none asks for a fourth answer, none uses one that is not
 * there. */
static void no_dialogue_goes_on(void **state)
{
    static const char letters[] = "ITtEUFX";

    (void)state;
    for (int i = 0; i < 7 * 7 * 7 * 7; i++) {
        struct turns t = TURNS_INIT;
        enum turns_verdict v = TURNS_ASK;
        int code = i, n = 0;

        for (; v == TURNS_ASK; n++, code /= 7)
            v = step(&t, letters[code % 7]);
        assert_in_range(n, 1, 3);
        assert_true(t.salvage < n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_ends_after_three_answers),
        cmocka_unit_test(no_dialogue_goes_on),
    };

    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
