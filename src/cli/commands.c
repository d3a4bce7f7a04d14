/* The table of commands. */
#include <string.h>

#include "cli/nearest.h"
#include "cli/options.h"

#define CLI_COMMAND(name, help) extern const cli_command cli_command_##name;
#include "cli/cmd_list.h"
#undef CLI_COMMAND

static const struct {
    const cli_command *command;
    const char        *help;
} commands[] = {
#define CLI_COMMAND(name, help) {&cli_command_##name, help},
#include "cli/cmd_list.h"
#undef CLI_COMMAND
};

enum { COMMANDS = sizeof commands / sizeof *commands };

const cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].command->name, name) == 0) return commands[i].command;
    return NULL;
}

void cli_commands_list(FILE *out)
{
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s  %s\n", commands[i].command->name, commands[i].help);
}

const char *cli_command_nearest(const char *name)
{
    const char *best = NULL;
    size_t      least = SIZE_MAX;

    for (size_t i = 0; i < COMMANDS; i++) {
        const char *candidate = commands[i].command->name;
        size_t      edits = cli_edits(name, candidate);
        if (edits < least && edits <= cli_edits_allowed(candidate)) least = edits, best = candidate;
    }
    return best;
}
