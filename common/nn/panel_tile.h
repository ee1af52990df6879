/*
 * panel_tile.h - body of one panel_sums_fn: tiles of TILE_ROWS rows by
 * TILE_COLS panels in registers. Included once for each variant, which defines
 *
 *   TILE_NAME    the function
 *   TILE_ROWS    up to 8; TILE_COLS, up to PANEL_GROUP
 *   TILE_STEPS   steps of k whose part of B stays in L1 for all rows
 *   TILE_SUM     type: sums of 16 columns;  TILE_ZERO, TILE_LOAD, TILE_STORE
 *   TILE_A       type: 4 bytes of A, spread;  TILE_SPREAD
 *   TILE_B       type: a step of a panel;  TILE_STEP
 *   TILE_DOT(a, b, sum)
 *
 * Sums between two blocks of steps lie in part; storing and loading does not
 * change them, so the chain over k is unbroken.
 */
#define TILE_CAT_(a, b) a##b
#define TILE_CAT(a, b) TILE_CAT_(a, b)
#define TILE_ONE TILE_CAT(tile_of_, TILE_NAME)
#define TILE_ANY TILE_CAT(any_tile_of_, TILE_NAME)

/* R and P are constants where this is inlined. */
static inline __attribute__((always_inline)) void
TILE_ONE(float *part, const char *a, size_t lda, const char *w, size_t ldw,
         size_t steps, int fresh, size_t R, size_t P)
{
    TILE_SUM sum[TILE_ROWS][TILE_COLS];
    TILE_B b[TILE_COLS];

    for (size_t r = 0; r < R; r++)
        for (size_t p = 0; p < P; p++)
            sum[r][p] =
                fresh ? TILE_ZERO
                      : TILE_LOAD(part + r * PANEL_WIDTH + p * PANEL_COLS);
    for (size_t k = 0; k < steps; k++) {
        for (size_t p = 0; p < P; p++)
            b[p] = TILE_STEP(w + p * ldw + k * PANEL_STEP);
        for (size_t r = 0; r < R; r++) {
            TILE_A a_k = TILE_SPREAD(a + r * lda + k * 4);

            for (size_t p = 0; p < P; p++)
                sum[r][p] = TILE_DOT(a_k, b[p], sum[r][p]);
        }
    }
    for (size_t r = 0; r < R; r++)
        for (size_t p = 0; p < P; p++)
            TILE_STORE(part + r * PANEL_WIDTH + p * PANEL_COLS, sum[r][p]);
}

#define TILE_CASE(R, P) \
    case (R)*4 + (P): \
        if (R <= TILE_ROWS && P <= TILE_COLS) \
            TILE_ONE(part, a, lda, w, ldw, steps, fresh, R, P); \
        break;
#define TILE_CASES(R) TILE_CASE(R, 1) TILE_CASE(R, 2) TILE_CASE(R, 3)

static void TILE_ANY(float *part, const char *a, size_t lda, const char *w,
                     size_t ldw, size_t steps, int fresh, size_t R, size_t P)
{
    switch (R * 4 + P) {
        TILE_CASES(1)
        TILE_CASES(2)
        TILE_CASES(3)
        TILE_CASES(4)
        TILE_CASES(5)
        TILE_CASES(6)
        TILE_CASES(7)
        TILE_CASES(8)
    }
}

static inline size_t TILE_CAT(least_of_, TILE_NAME)(size_t a, size_t b)
{
    return a < b ? a : b;
}
#define TILE_LEAST TILE_CAT(least_of_, TILE_NAME)

void TILE_NAME(void *part, const char *a, size_t lda, const char *w,
               size_t steps, size_t M, size_t P)
{
    for (size_t p = 0; p < P; p += TILE_COLS) {
        float *part_p = (float *)part + p * PANEL_COLS;

        for (size_t k = 0; k < steps; k += TILE_STEPS) {
            const char *w_pk = w + (p * steps + k) * PANEL_STEP;
            size_t ks = TILE_LEAST(steps - k, TILE_STEPS);

            for (size_t m = 0; m < M; m += TILE_ROWS)
                TILE_ANY(part_p + m * PANEL_WIDTH, a + m * lda + k * 4, lda,
                         w_pk, steps * PANEL_STEP, ks, k == 0,
                         TILE_LEAST(M - m, TILE_ROWS),
                         TILE_LEAST(P - p, TILE_COLS));
        }
    }
}

#undef TILE_CAT_
#undef TILE_CAT
#undef TILE_ONE
#undef TILE_ANY
#undef TILE_CASE
#undef TILE_CASES
#undef TILE_LEAST
#undef TILE_NAME
#undef TILE_ROWS
#undef TILE_COLS
#undef TILE_STEPS
#undef TILE_SUM
#undef TILE_ZERO
#undef TILE_LOAD
#undef TILE_STORE
#undef TILE_A
#undef TILE_SPREAD
#undef TILE_B
#undef TILE_STEP
#undef TILE_DOT
