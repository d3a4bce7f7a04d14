# docs/commands.md on standard output: the help of every command that `basin --help` lists. usage: commands.sh BASIN
set -eu
basin=${1:?usage: commands.sh BASIN}
fence='```'
cat <<TEXT
# Commands

This page is written by \`make docs\` from \`basin --help\` and \`basin help COMMAND\`, and a test checks that it is current.
The [tour](tour.md) shows each command at work.

${fence}text
$("$basin" --help)
$fence
TEXT
for command in $("$basin" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    help=$("$basin" help "$command")
    printf '\n## %s\n\n%stext\n%s\n%s\n' "$command" "$fence" "$help" "$fence"
done
