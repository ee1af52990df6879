#include "model/precision_choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stats.h"
#include "nn/gemm.h"
#include "nn/speed.h"
#include "store/stage.h"

/* ---- choosing ---- */

/* Why int8 may not be taken unasked; true when it may. */
static bool int8_passed(char *why, size_t size, const struct json_node *check,
                        const char *digest)
{
    const struct json_node *int8 = json_get(check, "int8");

    if (!int8)
        snprintf(why, size, "int8 was not checked: model quantize does it");
    else if (strcmp(json_str(json_get(check, "model"), ""), digest) != 0)
        snprintf(why, size, "int8 was checked with other weights");
    else if (!json_bool(json_get(int8, "passed"), false))
        snprintf(why, size,
                 "int8 did not pass its check (Spearman %.5f, largest "
                 "difference %.4f)",
                 json_num(json_get(int8, "spearman"), NAN),
                 json_num(json_get(int8, "largest_difference"), NAN));
    else
        return true;
    return false;
}

static int choose_auto(struct precision_choice *c, const char *folder,
                       struct err *err)
{
    char path[FILE_PATH_MAX], digest[65] = "";
    struct err none = ERR_INIT;
    struct json *doc = NULL;
    const struct json_node *check;
    int rc = file_join(path, folder, "receipt.json", err);

    if (rc < 0)
        return rc;
    if (file_exists(path) && json_load(&doc, path, JSON_STRICT, &none) < 0)
        log_warn("%s", none.msg);
    check = json_get(json_get(json_root(doc), "extra"), "precision");
    if (check)
        rc = file_tree_digest(digest, folder, "receipt.json", err);
    c->precision = PRECISION_F32;
    if (rc == 0 && int8_passed(c->why, sizeof(c->why), check, digest)) {
        c->precision = PRECISION_INT8;
        snprintf(c->why, sizeof(c->why), "int8 passed its check");
    }
    json_free(doc);
    return rc;
}

int precision_choose(struct precision_choice *c, const char *model,
                     struct err *err)
{
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, model, err);

    c->why[0] = '\0';
    if (rc < 0)
        return rc;
    if (strcmp(c->asked, "auto") == 0)
        rc = choose_auto(c, folder, err);
    else if (strcmp(c->asked, "int8") == 0)
        c->precision = PRECISION_INT8;
    else if (strcmp(c->asked, "bf16") == 0 && cpu_has(CPU_BF16))
        c->precision = PRECISION_BF16;
    else
        c->precision = PRECISION_F32;
    if (strcmp(c->asked, "bf16") == 0 && c->precision == PRECISION_F32)
        snprintf(c->why, sizeof(c->why), "this CPU has no bf16 products");
    c->asked = precision_name(c->precision);
    return rc;
}

/* ---- saying ---- */

/* The widest instructions that the products use. */
static const char *path_of(enum precision p)
{
    if (p == PRECISION_BF16)
        return "avx512-bf16";
    if (p == PRECISION_INT8 && cpu_has(CPU_VNNI))
        return "avx512-vnni";
    if (cpu_has(CPU_AVX512))
        return "avx512";
    return cpu_has(CPU_AVX2) ? "avx2" : "base";
}

void precision_announce(const struct precision_choice *c,
                        const struct workers *w)
{
    log_info("%s, %s by %s, OpenBLAS core %s, %.0f GFLOP/s in a self-test, "
             "%zu threads%s%s",
             cpu_name(), precision_name(c->precision), path_of(c->precision),
             gemm_core(), speed_of_products(c->precision), workers_count(w),
             c->why[0] ? "; " : "", c->why);
    if (gemm_warning())
        log_warn("%s", gemm_warning());
}

/* ---- the check ---- */

int precision_check(struct precision_check *out, const double *score,
                    const double *f32, size_t n, struct err *err)
{
    int rc = stats_spearman(&out->spearman, score, f32, n, err);

    out->largest = 0.0;
    for (size_t i = 0; i < n; i++)
        out->largest = fmax(out->largest, fabs(score[i] - f32[i]));
    out->passed = rc == 0 && out->spearman >= PRECISION_SPEARMAN &&
                  out->largest <= PRECISION_BOUND;
    return rc;
}

struct json_node *precision_check_json(const struct precision_check *c)
{
    struct json_node *o = json_new_object();

    json_set_num(o, "spearman", c->spearman);
    json_set_num(o, "largest_difference", c->largest);
    json_set_num(o, "bound", PRECISION_BOUND);
    json_set_bool(o, "passed", c->passed);
    return o;
}
