# --latex: the tables that are printed, as LaTeX; and plot's float.
. "$(dirname "$0")/lib.sh"
topic

# cells FILE: what LaTeX would set of its rows, without its commands
cells() { grep ' & .*\\\\$' "$1" | sed 's/\\\\$//; s/\\times10^{\(-*[0-9]*\)}/e\1/g; s/\$\\pm\$/±/g; s/\\dots{}/…/g; s/\\//g; s/[$~]//g; s/ *& */ /g; s/^ *//; s/ *$//'; }

good spectrum $GD --method dense --latex s.tex
holds s.tex "^% .usepackage{booktabs}$"
holds s.tex "begin{tabular}{@{}rrrrl@{}}"
holds s.tex "label{tab:s-1}$"
holds s.tex "runs/gd.\?_0/step.\?_000040.h5 (unperturbed); P = 310 parameters, N = 120 samples of runs/gd"
holds s.tex "toprule"
# the numbers of the table: the rows of what was printed, eigenvalue and gap
grep '^ *-*[0-9]* *-*[0-9.e-]*  ±' out | awk '{ print $1, $2 }' >line
cells s.tex | grep '±' | awk '{ print $1, $2 }' | sed 's/e\(-*\)\([0-9]\)$/e\10\2/' >after
expect "there are rows" [ "$(wc -l <line)" -gt 10 ]
expect "every row and number of the table is there" cmp -s line after
holds s.tex '& \$-0.[0-9]*\$ & '            # a negative eigenvalue has a minus sign
holds s.tex '[$].pm[$] [$][0-9.]*.times10^{-[0-9]*}[$]' # an error bar has a power of ten
expect "the tables are printed all the same" [ -s out ]
good spectrum $GD --method dense --json --latex j.tex
sed 's/{tab:s/{tab:j/' s.tex | cmp -s - j.tex || fail "--json changes the tables of --latex"

mkdir -p tex
good compare runs/gd_0 runs/sam_0 --rho 0.2 --latex tex/c.tex
holds tex/c.tex "caption{.*N = 120 training samples"
holds tex/c.tex "train.\?_loss & "
holds tex/c.tex "over the runs of each, n = 1"
expect "each table has a number" [ "$(grep -c 'label{tab:c-' tex/c.tex)" = "$(grep -c 'begin{tabular}' tex/c.tex)" ]
expect "more than three tables" [ "$(grep -c 'begin{tabular}' tex/c.tex)" -gt 3 ]
expect "what is opened is closed" [ "$(grep -c '.begin{' tex/c.tex)" = "$(grep -c '.end{' tex/c.tex)" ]
expect "nothing that LaTeX would obey is left in rows" [ -z "$(grep ' & ' tex/c.tex | grep '[^\\][%#_]')" ]
good track runs/gd_0 --latex t.tex
holds t.tex "usepackage{booktabs,graphicx}"
holds t.tex "ifdim.width>.linewidth"
good slice $GD --along gradient --grid 201 --latex l.tex
lacks l.tex longtable # 21 of the points are printed

# Names that LaTeX would obey.
cp -R runs/gd_0 'a&b_50%#$x'
good spectrum 'a&b_50%#$x/step_000040.h5' --method dense --latex n.tex
holds n.tex 'caption{a.&b._50.%.#.$x/step._000040.h5'
sed -n '2,$p' n.tex | grep -v '^%' >line
expect "none of them is left bare" [ -z "$(grep 'caption' line | sed 's/\\[&%#$_{}]//g; s/\$[^$]*\$//g' | grep '[&%#$_]')" ]

# plot: the figure's file from the folder of the snippet, its caption as --caption prints it.
good slice $GD --along gradient --grid 9 -o s.h5
mkdir -p figures
good plot s.h5 -o figures/s.pdf --latex tex/s.tex --caption
holds tex/s.tex "includegraphics{../figures/s.pdf}"
holds tex/s.tex "label{fig:s}$"
sed -n 's/^.caption{\(.*\)}.label.*/\1/p' tex/s.tex | LC_ALL=C tr -cd 'A-Za-z0-9' >after
expect "the caption is the figure's" [ "$(LC_ALL=C tr -cd 'A-Za-z0-9' <out)" = "$(cat after)" ]
good plot s.h5 -o figures/s.pdf --latex figures/s.tex
holds figures/s.tex "includegraphics{s.pdf}"
wrong "which LaTeX reads" -- plot s.h5 -o s.svg --latex s2.tex
wrong "ends in .tex" -- plot s.h5 -o s.pdf --latex s.txt
wrong "s.latex: the name of a file for LaTeX ends in .tex" -- spectrum $GD --latex s.latex
bad "none/s.tex: cannot be written" -- spectrum $GD --latex none/s.tex

if command -v pdflatex >/dev/null 2>&1 && [ -n "${BASIN_LONG:-}" ]; then
    printf '%s\n' '\documentclass{article}' '\usepackage{booktabs,graphicx,longtable}' '\begin{document}' '\input{s}\input{tex/c}\input{t}\input{n}' '\end{document}' >all.tex
    expect "pdflatex takes all of it" sh -c "pdflatex -interaction=nonstopmode -halt-on-error all.tex >line 2>&1"
fi

finish
