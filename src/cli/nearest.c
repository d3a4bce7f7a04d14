#include "cli/nearest.h"

#include <string.h>

enum { LONGEST = 32 }; /* letters; no command or option has more */

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t cli_edits(const char *typed, const char *name)
{
    const size_t rows = strlen(typed), columns = strlen(name);
    size_t       edits[LONGEST + 1][LONGEST + 1]; /* [i][j] of the first i and j letters */

    if (rows > LONGEST || columns > LONGEST) return LONGEST;
    for (size_t i = 0; i <= rows; i++)
        for (size_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                edits[i][j] = i + j;
                continue;
            }
            edits[i][j] = least_of(least_of(edits[i - 1][j], edits[i][j - 1]) + 1,
                                   edits[i - 1][j - 1] + (typed[i - 1] != name[j - 1]));
            if (i > 1 && j > 1 && typed[i - 1] == name[j - 2] && typed[i - 2] == name[j - 1])
                edits[i][j] = least_of(edits[i][j], edits[i - 2][j - 2] + 1);
        }
    return edits[rows][columns];
}

size_t cli_edits_allowed(const char *name)
{
    return (strlen(name) + 2) / 3;
}
