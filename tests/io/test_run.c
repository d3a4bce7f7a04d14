/* Which files of a folder are of one training: by identity, by what they record, by their weights; and in
 * which order. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/linalg.h"
#include "support.h"

typedef struct facts { /* of a checkpoint to be written; what is 0 or NULL is what all have */
    const char *name;
    int64_t     step;
    const char *run, *method, *data;
    int64_t     seed, batch, evaluations;
    double      epoch, rate, momentum, decay, rho;
    size_t      width;
    double      at, speed; /* theta = (at, 0, 0, …), v = (speed, 0, …) */
} facts;

static void set_text(char **to, const char *text)
{
    *to = basin_strdup(text);
    assert_non_null(*to);
}

static double or_else(double value, double otherwise)
{
    return value == 0.0 ? otherwise : value;
}

static void write_facts(const char *folder, const facts *f)
{
    basin_graph      *graph = NULL;
    basin_checkpoint *ck = NULL;
    char              path[300];
    const size_t      widths[] = {2, f->width > 0 ? f->width : 3, 2};

    assert_ok(basin_graph_mlp(widths, 3, NULL, &graph));
    assert_ok(basin_checkpoint_create(graph, &ck));
    basin_graph_destroy(&graph);
    ck->theta[0] = f->at, ck->theta[1] = 1.0;
    ck->state_count = 1;
    ck->states = basin_alloc(1, sizeof *ck->states);
    set_text(&ck->states[0].name, "momentum");
    ck->states[0].values = basin_alloc(ck->params->size, sizeof *ck->theta);
    ck->states[0].values[0] = f->speed;
    if (f->run != NULL) set_text(&ck->run, f->run);
    set_text(&ck->method, f->method != NULL ? f->method : "sgd");
    memset(ck->data_digest, f->data != NULL ? f->data[0] : 'a', 64);
    ck->step = f->step, ck->perturbed = BASIN_PERTURBED_NO;
    ck->epoch = or_else(f->epoch, NAN);
    ck->gradient_evaluations = f->evaluations > 0 ? f->evaluations : -1;
    ck->hyper = (basin_hyperparameters){.learning_rate = or_else(f->rate, 0.1),
                                        .momentum = or_else(f->momentum, 0.9),
                                        .rho = or_else(f->rho, NAN),
                                        .weight_decay = or_else(f->decay, 5e-4),
                                        .batch_size = f->batch > 0 ? f->batch : 64,
                                        .seed = f->seed > 0 ? f->seed : 1};
    snprintf(path, sizeof path, "%s/%s", folder, f->name);
    assert_ok(basin_checkpoint_write(ck, path));
    basin_checkpoint_destroy(&ck);
}

/* A new folder with these files, opened; the caller destroys. */
static basin_run *folder_of(const facts *files, size_t count)
{
    static int number = 0;
    char       name[40];
    basin_run *run = NULL;

    snprintf(name, sizeof name, "folder-%d", number++);
    char *folder = basin_strdup(basin_test_scratch(name));
    assert_non_null(folder);
    assert_int_equal(mkdir(folder, 0777), 0);
    for (size_t i = 0; i < count; i++) write_facts(folder, &files[i]);
    assert_ok(basin_run_open(folder, &run));
    basin_free(folder);
    return run;
}

static void assert_described(const basin_run *run, const char *part)
{
    char *text = NULL;

    assert_ok(basin_run_describe(run, &text));
    if (strstr(text, part) == NULL) fail_msg("«%s» is not in «%s»", part, text);
    basin_free(text);
}

static const char *name_at(const basin_run *run, size_t i)
{
    return strrchr(run->entries[i].path, '/') + 1;
}

/* ------------------------------------------------------------------------------------------ identity -- */

static void every_training_has_an_identity_of_its_own(void **state)
{
    (void)state;
    char one[BASIN_RUN_IDENTITY], two[BASIN_RUN_IDENTITY];

    assert_ok(basin_run_identity(one));
    assert_ok(basin_run_identity(two));
    assert_int_equal(strlen(one), 33);
    assert_true(one[8] == 'T' && one[15] == '.' && one[19] == 'Z' && one[20] == '-');
    assert_int_equal(strspn(one + 21, "0123456789abcdef"), 12);
    assert_string_not_equal(one, two);
}

static const facts two_identities[] = {
    {.name = "a_0.h5", .step = 0, .run = "20200101T000000.000Z-aaaa"},
    {.name = "b_5.h5", .step = 5, .run = "20190101T000000.000Z-bbbb", .seed = 2},
    {.name = "a_10.h5", .step = 10, .run = "20200101T000000.000Z-aaaa", .seed = 3},
    {.name = "b_15.h5", .step = 15, .run = "20190101T000000.000Z-bbbb"},
    {.name = "a_20.h5", .step = 20, .run = "20200101T000000.000Z-aaaa"}};

static void identities_tell_trainings_apart_and_nothing_else_does_then(void **state)
{
    (void)state;
    basin_run *run = folder_of(two_identities, 5);

    assert_int_equal(run->training_count, 2);
    assert_int_equal(run->trainings[0].count, 3);
    assert_string_equal(run->trainings[0].identity, "20200101T000000.000Z-aaaa");
    assert_null(run->trainings[0].reason);
    assert_described(run, "2 trainings: 20200101T000000.000Z-aaaa (3 checkpoints: a_0.h5, a_10.h5, a_20.h5) "
                          "and 20190101T000000.000Z-bbbb (2 checkpoints: "
                          "b_5.h5, b_15.h5)");
    basin_run_destroy(&run);
}

static void one_training_of_a_folder_can_be_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *which;
        size_t      count;
        const char *first;
    } cases[] = {
        {"OLDEST", 2, "b_5.h5"}, {"NEWEST", 3, "a_0.h5"},  {"20190101T000000.000Z-bbbb", 2, "b_5.h5"},
        {"2019", 2, "b_5.h5"},   {"a_10.h5", 3, "a_0.h5"}, {"ALL", 5, "a_0.h5"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_run *run = folder_of(two_identities, 5);
        assert_ok(basin_run_choose(run, cases[i].which));
        assert_int_equal(run->count, cases[i].count);
        assert_int_equal(run->training_count, 1);
        assert_int_equal(run->trainings[0].count, cases[i].count);
        assert_string_equal(name_at(run, 0), cases[i].first);
        for (size_t e = 0; e < run->count; e++) assert_int_equal(run->entries[e].training, 0);
        basin_run_destroy(&run);
    }
    basin_run *run = folder_of(two_identities, 5);
    assert_status(basin_run_choose(run, "20"), BASIN_ERR_ARG); /* both begin so */
    assert_message("no training 20; it holds 2 trainings: 20200101T000000.000Z-aaaa");
    assert_status(basin_run_choose(run, ""), BASIN_ERR_ARG);
    assert_int_equal(run->count, 5);
    basin_run_destroy(&run);
}

/* Conversion knows the folder only. */
static void an_identity_of_a_folder_tells_apart_and_does_not_join(void **state)
{
    (void)state;
    const facts files[] = {{.name = "a.h5", .step = 1, .run = "folder-aaaa"},
                           {.name = "b.h5", .step = 2, .run = "folder-aaaa", .seed = 2},
                           {.name = "c.h5", .step = 3, .run = "folder-bbbb"},
                           {.name = "d.h5", .step = 4, .run = "folder-aaaa"}};
    basin_run  *run = folder_of(files, 4);

    assert_int_equal(run->training_count, 3);
    assert_int_equal(run->entries[0].training, run->entries[3].training);
    assert_described(run, "since a.h5 and b.h5: seed 1 against 2");
    basin_run_destroy(&run);
}

/* ---------------------------------------------------------------------------------- what is recorded -- */

static void what_no_training_changes_tells_trainings_apart(void **state)
{
    (void)state;
    static const struct {
        facts       a, b;
        const char *reason;
    } cases[] = {
        {{.step = 1}, {.step = 2, .seed = 5}, "seed 1 against 5"},
        {{.step = 1}, {.step = 2, .data = "b"}, "data aaaaaaaaaaaa… against bbbbbbbbbbbb…"},
        {{.step = 1}, {.step = 2, .method = "sam"}, "method sgd against sam"},
        {{.step = 1}, {.step = 2, .width = 4}, "another network"},
        {{.step = 1}, {.step = 2, .batch = 32}, "batch size 64 against 32"},
        {{.step = 1}, {.step = 2, .decay = 1e-3}, "weight decay 0.0005 against 0.001"},
        {{.step = 1, .rho = 0.1}, {.step = 2, .rho = 0.05}, "rho 0.1 against 0.05"},
        {{.step = 1}, {.step = 2, .momentum = 0.95}, "momentum 0.9 against 0.95"},
        {{.step = 7, .epoch = 1}, {.step = 7, .epoch = 2}, "at step 7: epoch 1 against 2"},
        {{.step = 7}, {.step = 7, .rate = 0.01}, "at step 7: learning rate 0.1 against 0.01"},
        {{.step = 7, .evaluations = 7},
         {.step = 7, .evaluations = 14},
         "at step 7: gradient evaluations 7 against 14"},
        {{.step = 10, .epoch = 3}, {.step = 20, .epoch = 2}, "step 10 in epoch 3 against step 20 in epoch 2"},
        {{.step = 10, .epoch = 2},
         {.step = 1000, .epoch = 4},
         "step 10 in epoch 2 against step 1000 in epoch 4"},
        {{.step = 10, .evaluations = 20},
         {.step = 15, .evaluations = 15},
         "step 10 after 20 gradient evaluations against step 15 after 15"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        facts files[] = {cases[i].a, cases[i].b};
        files[0].name = "a.h5", files[1].name = "b.h5";
        basin_run *run = folder_of(files, 2);
        if (run->training_count != 2) fail_msg("one training in spite of: %s", cases[i].reason);
        assert_string_equal(strchr(run->trainings[1].reason, ':') + 2, cases[i].reason);
        basin_run_destroy(&run);
    }
}

static void what_one_training_may_change_does_not(void **state)
{
    (void)state;
    /* one-cycle changes both coefficients */
    const facts files[] = {
        {.name = "0.h5", .step = 0, .rate = 0.004, .momentum = 0.95},
        {.name = "1.h5", .step = 400, .rate = 0.1, .momentum = 0.85, .epoch = 1, .evaluations = 400},
        {.name = "2.h5", .step = 800, .rate = 0.02, .momentum = 0.93, .epoch = 2, .evaluations = 1200},
        {.name = "best.h5", .step = 800, .rate = 0.02, .momentum = 0.93, .epoch = 2, .evaluations = 1200},
        {.name = "3.h5", .step = 1200, .rate = 1e-5, .momentum = 0.95, .epoch = 2.999, .evaluations = 2000}};
    basin_run *run = folder_of(files, 5);

    assert_int_equal(run->training_count, 1);
    assert_null(run->trainings[0].identity);
    basin_run_destroy(&run);
}

/* A training of 50 epochs whose first 30 another one has overwritten, of another seed. */
static void each_file_goes_to_the_first_training_that_it_does_not_contradict(void **state)
{
    (void)state;
    facts files[12];
    char  names[12][16];

    for (size_t i = 0; i < 12; i++) {
        snprintf(names[i], sizeof names[i], "epoch_%zu.h5", i + 1);
        files[i] = (facts){.name = names[i], .step = (int64_t)(100 * i), .seed = i < 7 ? 1 : 2};
    }
    basin_run *run = folder_of(files, 12);
    assert_int_equal(run->training_count, 2);
    assert_int_equal(run->trainings[0].count, 7);
    assert_described(run, "one without identity (7 checkpoints: epoch_1.h5, epoch_2.h5, epoch_3.h5, "
                          "epoch_4.h5, epoch_5.h5, epoch_6.h5, epoch_7.h5)");
    assert_described(run, "since epoch_1.h5 and epoch_8.h5: seed 1 against 2");
    assert_ok(basin_run_choose(run, "epoch_12.h5"));
    assert_int_equal(run->count, 5);
    basin_run_destroy(&run);
}

/* ------------------------------------------------------------------------------------------- weights -- */

static basin_run *examined(const facts *files, size_t count, char **doubt)
{
    basin_run *run = folder_of(files, count);

    assert_ok(basin_run_examine(run, doubt));
    return run;
}

static void two_weights_at_one_step_are_two_trainings_and_copies_are_not(void **state)
{
    (void)state;
    const facts files[] = {{.name = "1.h5", .step = 1, .at = 1},
                           {.name = "2.h5", .step = 2, .at = 2},
                           {.name = "2_best.h5", .step = 2, .at = 2},
                           {.name = "2_other.h5", .step = 2, .at = 2.1}};
    char       *doubt = NULL;
    basin_run  *run = examined(files, 3, &doubt);

    assert_int_equal(run->training_count, 1);
    assert_null(doubt);
    basin_run_destroy(&run);
    run = examined(files, 4, &doubt);
    assert_int_equal(run->training_count, 2);
    assert_described(run, "2_best.h5 and 2_other.h5: two weights at step 2");
    basin_run_destroy(&run);
}

static void a_move_that_no_learning_rate_allows_divides(void **state)
{
    (void)state;
    /* a step of 0.1 with |v| = 1 is one of 0.1; ten times that is allowed */
    facts      files[] = {{.name = "1.h5", .step = 1, .at = 0, .speed = 1},
                          {.name = "2.h5", .step = 2, .at = 0.9, .speed = 1}};
    char      *doubt = NULL;
    basin_run *run = examined(files, 2, &doubt);

    assert_int_equal(run->training_count, 1);
    basin_run_destroy(&run);
    files[1].at = 1.2;
    run = examined(files, 2, &doubt);
    assert_int_equal(run->training_count, 2);
    assert_described(
        run,
        "1.h5 and 2.h5: theta moves by 1.2 in 1 step, ten times what their learning rates allow would be 1");
    basin_run_destroy(&run);
    files[0].run = files[1].run = "identity"; /* which decides */
    run = examined(files, 2, &doubt);
    assert_int_equal(run->training_count, 1);
    basin_run_destroy(&run);
    files[0].run = files[1].run = NULL;
    files[0].rate = files[1].rate = 1e-9,
    files[1].step = 100; /* the ends of a schedule whose middle was not saved */
    run = examined(files, 2, &doubt);
    assert_int_equal(run->training_count, 1);
    assert_null(doubt);
    basin_run_destroy(&run);
}

static void a_move_that_is_only_unlikely_is_a_doubt(void **state)
{
    (void)state;
    facts      files[] = {{.name = "1.h5", .step = 100, .at = 0, .speed = 10},
                          {.name = "2.h5", .step = 200, .at = 1, .speed = 10},
                          {.name = "3.h5", .step = 300, .at = 2, .speed = 10},
                          {.name = "4.h5", .step = 400, .at = 23, .speed = 10},
                          {.name = "5.h5", .step = 500, .at = 24, .speed = 10}};
    char      *doubt = NULL;
    basin_run *run = examined(files, 5, &doubt);

    assert_int_equal(run->training_count, 1);
    assert_non_null(doubt);
    assert_non_null(strstr(doubt, "from 3.h5 to 4.h5 theta moves by 21, 21 times as far as at the pace "
                                  "before and after: are these two trainings?"));
    basin_free(doubt);
    basin_run_destroy(&run);
    files[3].at = 5, files[4].at = 6;
    run = examined(files, 5, &doubt);
    assert_null(doubt);
    basin_run_destroy(&run);
}

/* --------------------------------------------------------------------------------------------- order -- */

static void assert_order(const facts *files, size_t count, const char *const *names)
{
    basin_run *run = folder_of(files, count);

    for (size_t i = 0; i < count; i++) assert_string_equal(name_at(run, i), names[i]);
    basin_run_destroy(&run);
}

static void unknown_steps_are_ordered_by_epochs_then_by_names(void **state)
{
    (void)state;
    const facts epochs[] = {{.name = "a.h5", .step = -1, .epoch = 10},
                            {.name = "b.h5", .step = -1, .epoch = 9},
                            {.name = "c.h5", .step = 3, .epoch = 8}};
    const facts names[] = {{.name = "x10.h5", .step = -1},
                           {.name = "x9.h5", .step = -1},
                           {.name = "x09b.h5", .step = -1},
                           {.name = "first.h5", .step = 4}};
    const facts mixed[] = {{.name = "b.h5", .step = 2, .epoch = 9}, {.name = "a.h5", .step = 3}};

    assert_order(epochs, 3, (const char *[]){"c.h5", "b.h5", "a.h5"});
    assert_order(names, 4, (const char *[]){"x9.h5", "x09b.h5", "x10.h5", "first.h5"});
    assert_order(mixed, 2, (const char *[]){"b.h5", "a.h5"});
}

/* ------------------------------------------------------------------------------------------------------ */

static basin_status all_of_it(void *payload)
{
    basin_status st = BASIN_OK;
    basin_run   *run = NULL;
    char        *text = NULL, *doubt = NULL;

    BASIN_TRY(basin_run_open(payload, &run));
    BASIN_TRY(basin_run_examine(run, &doubt));
    BASIN_TRY(basin_run_describe(run, &text));
    BASIN_TRY(basin_run_choose(run, "NEWEST"));
done:
    basin_free(text);
    basin_free(doubt);
    basin_run_destroy(&run);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    (void)state;
    const facts files[] = {{.name = "1.h5", .step = 1, .at = 0, .speed = 1},
                           {.name = "2.h5", .step = 2, .at = 9, .speed = 1},
                           {.name = "3.h5", .step = 3, .seed = 4, .at = 9}};
    basin_run  *run = folder_of(files, 3);
    char       *path = basin_strdup(run->path);

    basin_run_destroy(&run);
    basin_test_every_allocation(all_of_it, path);
    basin_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_training_has_an_identity_of_its_own),
        cmocka_unit_test(identities_tell_trainings_apart_and_nothing_else_does_then),
        cmocka_unit_test(one_training_of_a_folder_can_be_chosen),
        cmocka_unit_test(an_identity_of_a_folder_tells_apart_and_does_not_join),
        cmocka_unit_test(what_no_training_changes_tells_trainings_apart),
        cmocka_unit_test(what_one_training_may_change_does_not),
        cmocka_unit_test(each_file_goes_to_the_first_training_that_it_does_not_contradict),
        cmocka_unit_test(two_weights_at_one_step_are_two_trainings_and_copies_are_not),
        cmocka_unit_test(a_move_that_no_learning_rate_allows_divides),
        cmocka_unit_test(a_move_that_is_only_unlikely_is_a_doubt),
        cmocka_unit_test(unknown_steps_are_ordered_by_epochs_then_by_names),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
