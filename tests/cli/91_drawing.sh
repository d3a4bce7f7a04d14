# --draw: figures in characters below the tables, on a terminal and where they are asked for; tables as wide as the terminal; losses in a line.
. "$(dirname "$0")/lib.sh"
topic
export LC_ALL=C COLUMNS=72
unset NO_COLOR COLORTERM KITTY_WINDOW_ID TMUX
escape=$(printf '\033')

# Where there is no terminal: nothing, unless it is asked for; the tables are the same.
good spectrum $GD --method dense
cp out bare
lacks bare "eigenvalue lambda"
good spectrum $GD --method dense --draw never
expect "never is what a file gets" cmp -s bare out
good spectrum $GD --method dense --draw always
holds out "eigenvalue lambda (linear within" # of the axis
holds out "^ *rank$"
lacks out "$escape"
head -n "$(wc -l <bare)" out >after
expect "the table stands above the drawing" cmp -s bare after
sed "1,$(wc -l <bare)d" out >drawing
expect "in no UTF-8 locale it is ASCII" [ -z "$(LC_ALL=C tr -d '\000-\177' <drawing)" ]
expect "it is as wide as COLUMNS at most" [ "$(awk '{ if (length($0) > w) w = length($0) } END { print w }' drawing)" -le 72 ]
good spectrum $GD --method dense --draw always --json
expect "--json is JSON alone" [ "$(tail -c 2 out)" = "}" ]
LC_ALL=C.UTF-8 good slice $GD --along gradient --grid 9 --draw always
holds out "⠤\|⠒\|⠉"
holds out "distance along gradient, ‖d‖"
holds out "── train"
good slice $GD --grid 5 --along gradient --along random --draw always
holds out "loss"
holds out "+--*+--" # the axis
wrong "there is no figure of this; --draw does not apply" -- trace $GD --draw always
wrong "auto|always|never|image" -- spectrum $GD --draw maybe

# The image of --draw image: a PNG in base64 between the protocol's brackets.
good spectrum $GD --method dense --draw image
holds out "${escape}_Ga=T,f=100,q=2,c=72,m=1;iVBORw0KGgo"
tr -d '\n' <out | sed "s/${escape}_G[^;]*;//g; s/${escape}.//g" | sed 's/.*iVBOR/iVBOR/' | base64 -d >image.png 2>line
expect "it is a whole PNG" [ "$(tail -c 8 image.png | head -c 4)" = IEND ]

# A folder's recorded losses.
good info runs/gd_0 --draw always
holds out "runs/gd_0: losses recorded at [0-9]* checkpoints"
holds out "  train  loss  [_.:=+*#-]*  [0-9.]* to [0-9.]*, last "
good info $GD --draw always
lacks out "losses recorded"

if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    # terminal NAME=VALUE… COMMAND: what a terminal gets, in typescript
    terminal() { script -qec "env $*" typescript >/dev/null </dev/null; }
    expect "a spectrum on a terminal" terminal TERM=xterm-256color "$B spectrum $GD --method dense"
    holds typescript "eigenvalue lambda"
    holds typescript "${escape}\[38;5;"
    terminal TERM=xterm-256color COLORTERM=truecolor "$B spectrum $GD --method dense"
    holds typescript "${escape}\[38;2;"
    for plain in "TERM=xterm-256color NO_COLOR=1" TERM=dumb; do
        terminal $plain "$B spectrum $GD --method dense 2>/dev/null"
        holds typescript "eigenvalue lambda"
        lacks typescript "$escape"
    done
    terminal TERM=xterm-256color "$B spectrum $GD --method dense --draw never"
    lacks typescript "eigenvalue lambda"
    terminal TERM=xterm-256color "$B spectrum $GD --method dense --json"
    lacks typescript "eigenvalue lambda"
    terminal TERM=xterm-kitty "$B spectrum $GD --method dense"
    holds typescript "${escape}_Ga=T,f=100"
    terminal TERM=xterm-kitty TMUX=1 "$B spectrum $GD --method dense"
    lacks typescript "${escape}_G"

    # Tables: the columns that do not fit stand below, each row by its step again; nothing is lost.
    terminal TERM=dumb COLUMNS=60 "$B track runs/gd_0 --method dense --draw never 2>/dev/null"
    good track runs/gd_0 --method dense
    tr -d '\r' <typescript | grep -v '^Script' | grep "^ *step " >titles
    expect "a wide table has parts" [ "$(wc -l <titles)" -gt 1 ]
    expect "no part is wider than the terminal" [ "$(awk '{ if (length($0) > w) w = length($0) } END { print w }' titles)" -le 60 ]
    for word in "train loss" "lambda max" "N_eff" "fall/step"; do holds titles "$word"; done
else
    echo "skipped on a terminal: no script that makes a pseudo-terminal"
fi

finish
