#include "cli/sparkline.h"

#include <math.h>
#include <string.h>

#include "cli/table.h"

static const basin_info *info_of(const cli_batch *batch, size_t i)
{
    return batch->results[i]->value;
}

/* The folder's part of a path, with its length. */
static size_t folder_length(const basin_info *info)
{
    const char *slash = info->checkpoint != NULL ? strrchr(info->checkpoint, '/') : NULL;

    return slash != NULL ? (size_t)(slash - info->checkpoint) : 0;
}

static bool same_folder(const basin_info *a, const basin_info *b)
{
    const size_t length = folder_length(a);

    return length > 0 && folder_length(b) == length && memcmp(a->checkpoint, b->checkpoint, length) == 0;
}

/* Of theta over the whole split where several losses are recorded, which come in that order of trust. */
static double recorded_loss(const basin_info *info, const char *split)
{
    double found = NAN;

    for (size_t i = 0; i < info->recorded_count; i++) {
        const basin_recorded *r = &info->recorded[i];
        if (strcmp(r->quantity, "loss") != 0 || strcmp(r->split, split) != 0) continue;
        const bool whole = strcmp(r->point, "theta") == 0 && strcmp(r->coverage, "full") == 0;
        if (isnan(found) || whole) found = r->value;
        if (whole) break;
    }
    return found;
}

/* One of eight heights; x where no finite loss is recorded. */
static const char *height_of(double value, double low, double high, bool utf8)
{
    static const char *const heights[2][8] = {{"_", ".", ":", "-", "=", "+", "*", "#"},
                                              {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}};
    const double             share = high > low ? (value - low) / (high - low) : 0;

    return isfinite(value) ? heights[utf8][(size_t)fmin(share * 8, 7)] : "x";
}

static void print_line(const cli_batch *batch, size_t from, size_t count, const char *split,
                       const cli_terminal *terminal)
{
    const size_t room = terminal->columns > 44 ? terminal->columns - 40 : 4;
    const size_t every = (count + room - 1) / room;
    double       low = INFINITY, high = -INFINITY, last = NAN;
    size_t       known = 0;

    for (size_t i = 0; i < count; i++) {
        const double value = recorded_loss(info_of(batch, from + i), split);
        if (!isfinite(value)) continue;
        low = fmin(low, value), high = fmax(high, value), last = value, known++;
    }
    if (known < 2) return;
    printf("  %-6.6s loss  ", split);
    for (size_t i = 0; i < count; i += every)
        fputs(height_of(recorded_loss(info_of(batch, from + i), split), low, high, terminal->utf8), stdout);
    printf("  %s to %s, last %s", cli_number(low, 3), cli_number(high, 3), cli_number(last, 3));
    if (every > 1) printf(", every %zu", every);
    if (known < count) printf(", x: none (%zu)", count - known);
    putchar('\n');
}

void cli_sparklines_print(const cli_batch *batch, const cli_terminal *terminal)
{
    for (size_t i = 0, n; i < batch->count; i += n) {
        for (n = 1; i + n < batch->count && same_folder(info_of(batch, i), info_of(batch, i + n));) n++;
        if (n < 2) continue;
        char folder[256];
        snprintf(folder, sizeof folder, "%.*s", (int)folder_length(info_of(batch, i)),
                 info_of(batch, i)->checkpoint);
        printf("\n%s: losses recorded at %zu checkpoints\n", cli_plain(folder), n);
        print_line(batch, i, n, "train", terminal);
        print_line(batch, i, n, "test", terminal);
    }
}
