#include "model/critic.h"

#include <string.h>

#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

int critic_choose(struct precision_choice *c, const char *encoder,
                  const char *cross, struct err *err)
{
    const char *const model[] = { encoder, cross };
    const char *asked = c->asked;
    bool first = true;
    int rc = 0;

    for (int i = 0; rc == 0 && i < 2; i++) {
        struct precision_choice one = { .asked = asked };

        if (!model[i][0])
            continue;
        rc = precision_choose(&one, model[i], err);
        if (rc == 0 && (first || one.precision == PRECISION_F32))
            *c = one;
        first = false;
    }
    return rc;
}

static int load(struct scorer *s, const char *model, bool cross,
                enum precision precision, const char *option, struct err *err)
{
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, model, err);

    if (rc == 0)
        rc = scorer_load(s, folder, false, precision, err);
    if (rc == 0 && s->is_cross != cross)
        return ERR_SET(err, ERR_USAGE, "%s: %s is a %s, expected a %s", option,
                       model, cross ? "sentence encoder" : "cross-encoder",
                       cross ? "cross-encoder" : "sentence encoder");
    return rc;
}

int critic_open(struct critic *c, const char *encoder, const char *cross,
                const struct precision_choice *p, size_t threads,
                struct err *err)
{
    int rc;

    memset(c, 0, sizeof(*c));
    if (!encoder[0] && !cross[0])
        return 0;
    gemm_init();
    kernels_init();
    c->has_encoder = encoder[0] != '\0';
    c->has_cross = cross[0] != '\0';
    rc = workers_start(&c->workers, threads, err);
    if (rc == 0 && c->has_encoder)
        rc = load(&c->encoder, encoder, false, p->precision, "--embedder", err);
    if (rc == 0 && c->has_cross)
        rc = load(&c->cross, cross, true, p->precision, "--cross-encoder", err);
    if (rc == 0)
        precision_announce(p, c->workers);
    else
        critic_close(c);
    return rc;
}

void critic_close(struct critic *c)
{
    scorer_release(&c->encoder);
    scorer_release(&c->cross);
    workers_stop(c->workers);
    memset(c, 0, sizeof(*c));
}

static int ask(struct scorer *s, float *score, const struct span *text,
               size_t texts, const uint32_t *a, const uint32_t *b, size_t n,
               struct workers *w, struct err *err)
{
    int rc = scorer_texts(s, text, texts, w, err);

    for (size_t i = 0; rc == 0 && i < n; i += CRITIC_WINDOW) {
        size_t some = n - i < CRITIC_WINDOW ? n - i : CRITIC_WINDOW;

        rc = scorer_score(s, score + i, NULL, a + i, b + i, some, w, err);
    }
    return rc;
}

int critic_score(void *critic, float *cosine, float *cross,
                 const struct span *text, size_t texts, const uint32_t *a,
                 const uint32_t *b, size_t n, struct err *err)
{
    struct critic *c = critic;
    int rc = 0;

    if (c->has_encoder)
        rc = ask(&c->encoder, cosine, text, texts, a, b, n, c->workers, err);
    if (rc == 0 && c->has_cross)
        rc = ask(&c->cross, cross, text, texts, a, b, n, c->workers, err);
    return rc;
}
